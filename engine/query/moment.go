package query

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Moment is an end of a span of time: a wall-clock time, or with Media a
// media time, the same in each recording. The zero Moment is no bound.
type Moment struct {
	Set   bool
	Media bool
	US    int64 // Unix µs, or media time in µs
}

// ParseMoment reads a wall-clock time with its zone ("2024-05-01T10:00:00Z",
// "2024-05-01T12:00:00+02:00"), or a media time ("1h2m3s", "01:02:03.5").
func ParseMoment(s string) (Moment, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Moment{Set: true, US: t.UnixMicro()}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return Moment{Set: true, Media: true, US: d.Microseconds()}, nil
	}
	if us, ok := parseColons(s); ok {
		return Moment{Set: true, Media: true, US: us}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if _, err := time.Parse(layout, s); err == nil {
			return Moment{}, fmt.Errorf("%q lacks its time zone: write it whole, as 2024-05-01T10:00:00+02:00", s)
		}
	}
	return Moment{}, fmt.Errorf("%q is no time: 2024-05-01T10:00:00+02:00 (clock), or 1h2m3s or 01:02:03 (from the recording's start)", s)
}

// parseColons reads "h:mm:ss" or "m:ss", with a fraction or not.
func parseColons(s string) (us int64, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	var sum float64
	for i, p := range parts {
		last := i == len(parts)-1
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || !(v >= 0) || i > 0 && v >= 60 || v > 1e5 || !last && strings.ContainsAny(p, ".eE") {
			return 0, false
		}
		sum = sum*60 + v
	}
	return int64(sum * 1e6), true
}

// String writes the moment as [ParseMoment] reads it.
func (m Moment) String() string {
	switch {
	case !m.Set:
		return ""
	case m.Media:
		return (time.Duration(m.US) * time.Microsecond).String()
	}
	return time.UnixMicro(m.US).UTC().Format(time.RFC3339Nano)
}

// IsZero tells whether the moment bounds nothing.
func (m Moment) IsZero() bool { return !m.Set }

// MarshalJSON writes [Moment.String].
func (m Moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if s == "" {
		*m = Moment{}
		return nil
	}
	var err error
	*m, err = ParseMoment(s)
	return err
}
