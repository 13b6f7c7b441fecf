package journal

import (
	"bytes"
	"fmt"
	"time"
)

// clockSlack is how far a clock may step back unremarked: services that keep
// clocks right step them by less.
const clockSlack = time.Second

// ClockBack says how far now stands before the last record of the journal, and
// whether that is more than a clock that is kept right steps back.
func (l *Log) ClockBack(now time.Time) (by time.Duration, back bool) {
	last, err := l.tip()
	return last.time.Sub(now), err == nil && clockBack(last.time, now) != ""
}

// clockBack says in a record by how much the clock was set back since the one
// before it; nothing when it was not, or that one's time is unknown.
func clockBack(last, now time.Time) string {
	if back := last.Sub(now); !last.IsZero() && back > clockSlack {
		return back.Round(time.Microsecond).String()
	}
	return ""
}

// timeField stands before the time in a record's line. Inside of a text its
// quotes would be escaped, so the first one is the field.
const timeField = `,"time_utc":"`

// timeText is the UTC time in a record's line as it stands there; of two, the
// lesser is the earlier.
func timeText(line []byte) []byte {
	at := bytes.Index(line, []byte(timeField)) + len(timeField)
	if at < len(timeField) || at+len(timeUTC) > len(line) {
		return nil
	}
	return line[at : at+len(timeUTC)]
}

// maxClockWarnings bounds what a report tells one by one.
const maxClockWarnings = 20

// clockWatch finds the records before which the clock was set back.
type clockWatch struct {
	last  []byte
	steps int
	found []Finding
}

// see takes the records in order.
func (c *clockWatch) see(seq int64, line []byte) {
	now := timeText(line)
	if now == nil {
		return
	}
	if bytes.Compare(now, c.last) < 0 {
		c.back(seq, line)
	}
	c.last = append(c.last[:0], now...)
}

func (c *clockWatch) back(seq int64, line []byte) {
	last, err := time.Parse(timeUTC, string(c.last))
	if err != nil {
		return
	}
	by := clockBack(last, lineTime(line))
	if by == "" {
		return
	}
	if c.steps++; c.steps <= maxClockWarnings {
		c.found = append(c.found, Finding{fileEntries, seq, "the machine's clock was set back by " + by + " before it"})
	}
}

// tell writes the warnings.
func (c *clockWatch) tell(r *Report) {
	r.Warnings = c.found
	if more := c.steps - len(c.found); more > 0 {
		r.Warnings = append(r.Warnings, Finding{fileEntries, -1, fmt.Sprintf("the machine's clock was set back %d times more", more)})
	}
}

// lineTime is the time in a record's line, zero when there is none.
func lineTime(line []byte) time.Time {
	t, err := time.Parse(timeUTC, string(timeText(line)))
	if err != nil {
		return time.Time{}
	}
	return t
}
