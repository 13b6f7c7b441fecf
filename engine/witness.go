package engine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// What a record's times may rest on.
const (
	clockKept    = "system clock, synchronised"
	clockLoose   = "system clock, not synchronised"
	clockUnknown = "system clock, state unknown"
	testClock    = "set by a test, not the machine's"

	// clockConfirmed ends it where a person answers for the date.
	clockConfirmed = ", confirmed by who acts"
)

// maxUnseen is the longest time between two records of a store after which the
// machine's clock is still believed when something is to be erased by its date,
// where no time service keeps it. The shipped timer leaves a record every day.
const maxUnseen = 31 * 24 * time.Hour

// ConfirmClock returns the store with a clock that whoever acts vouches for: by
// it what is due is erased also after a time of which the journals know nothing.
// Records say so.
func (s *Store) ConfirmClock() *Store {
	c := *s
	c.clock = s.clockText() + clockConfirmed
	c.logs = new(logs)
	return &c
}

// believable says whether a time that rests on clock needs no other witness.
func believable(clock string) bool {
	return clock == clockKept || clock == testClock || strings.HasSuffix(clock, clockConfirmed)
}

// unseen finds the last stretch of time, longer than maxUnseen and after since,
// of which no journal of the store has a record and from which on nothing but
// the machine's own clock says what date it is. A clock that leapt ahead looks
// like that; so does a store that nobody used. Zero times: there is none.
func (s *Store) unseen(since time.Time) (from, to time.Time) {
	now := s.now()
	if believable(s.clockText()) {
		return from, to
	}
	// A day is fine enough, and bounds what a long journal takes in memory.
	days := map[time.Time]bool{}
	look := func(dir string) {
		for w := range journal.Witnesses(dir, since) {
			if w.At.After(now) { // written while the clock stood ahead
				continue
			}
			if believable(w.Clock) && w.At.After(since) {
				since = w.At
			}
			days[w.At.Truncate(24*time.Hour)] = true
		}
	}
	look(s.journalDir(""))
	list, _ := os.ReadDir(filepath.Join(s.dir, "procedures")) // what cannot be read bears no witness
	for _, e := range list {
		look(s.journalDir(e.Name()))
	}
	at := []time.Time{since, now}
	for d := range days {
		if d.After(since) {
			at = append(at, d)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := len(at) - 1; i > 0; i-- {
		if at[i].Sub(at[i-1]) > maxUnseen {
			return at[i-1], at[i]
		}
	}
	return from, to
}

// checkDate refuses to erase by the machine's date what in d, and of recs, is due
// by it, where that date is in doubt: rule 14 counts true years, and what is
// erased stays erased. The refusal wraps [ErrOverdue].
func (s *Store) checkDate(d procedure.Document, recs []index.Recording) error {
	var first time.Time
	n := 0
	count := func(recorded time.Time) {
		if n++; first.IsZero() || recorded.Before(first) {
			first = recorded
		}
	}
	due := procedure.Stand(d, s.now()).Due
	for _, it := range due {
		count(it.Recorded)
	}
	for _, r := range recs { // those that the document does not know
		if _, known := procedure.RecordedAt(d, r.SHA256); !known {
			count(time.UnixMicro(r.ImportedUS))
		}
	}
	if n == 0 {
		return nil
	}
	from, to := s.unseen(first)
	if from.IsZero() {
		return nil
	}
	return markOverdue(procedure.Refuse("14", "if the date is right, whoever may purge says so: posteriori purge --due --clock-is-right; if it is not, set it",
		"the time of %s of procedure %s is over by this machine's date, but no journal has a record between %s and %s and no time service keeps the clock: nothing is erased by a date that may be wrong",
		recordings(n), d.ID, from.Format(time.DateOnly), to.Format(time.DateOnly)))
}
