package procedure

import (
	"slices"
	"strings"
	"time"
)

// The data of a recording is kept three years from the day it was recorded in
// the store, whatever happens to it later (rule 14). Whoever works in the
// procedure is told from thirty months on.
const (
	keptMonths = 36
	warnMonths = 30
)

// The states of closing. From Closing on nothing is added; from Purged on
// there is nothing left to read but the journal and the documents.
const (
	Closing State = "closing" // the closure has begun, the data is still there
	Purged  State = "purged"  // key, index and files are destroyed
)

// Item is one recording as the clock of erasure sees it. It outlives the
// recording, so that importing the same file again does not restart the clock.
type Item struct {
	SHA256   string     `json:"sha256"`   // of the original
	Recorded time.Time  `json:"recorded"` // first time in this procedure
	Erased   *time.Time `json:"erased,omitempty"`
	Ground   string     `json:"ground,omitempty"` // of its erasure: retention, order, closure or lost
}

// The grounds of an erasure.
const (
	GroundRetention = "retention" // three years have passed
	GroundOrder     = "order"     // a magistrate or controller ordered it
	GroundClosure   = "closure"   // the procedure is closed
	GroundLost      = "lost"      // a backup was put back without it
)

// Extension is a magistrate's decision that data be kept until a day.
type Extension struct {
	Until      time.Time `json:"until"`
	Magistrate string    `json:"magistrate"`
	Quality    Quality   `json:"quality"`
	Date       string    `json:"date"`
	Reference  string    `json:"reference"`
	Document   string    `json:"document"` // file name
	SHA256     string    `json:"sha256"`   // of the document
	Recorded   time.Time `json:"recorded"`
}

// Retention is what a procedure knows of the erasure of its data.
type Retention struct {
	Items      []Item      `json:"items,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"`
	Closing    *Closure    `json:"closing,omitempty"`
}

// addMonths is t that many months later on the same day, or on the month's
// last day where it has no such day: never a day later, as time.AddDate is.
func addMonths(t time.Time, n int) time.Time {
	t = t.UTC()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// Deadline is the moment by which what was recorded at that time must be
// erased. An extension counts when it was recorded before the deadline that it
// moves: what is due cannot be given a new life.
func Deadline(recorded time.Time, extensions []Extension) time.Time {
	at := addMonths(recorded, keptMonths)
	for _, e := range extensions {
		if e.Recorded.Before(at) && e.Until.After(at) {
			at = e.Until
		}
	}
	return at
}

// WarnFrom is the moment from which users are told of a deadline: thirty
// months after recording, or six months before a deadline that was moved.
func WarnFrom(recorded time.Time, extensions []Extension) time.Time {
	at := Deadline(recorded, extensions)
	if at.Equal(addMonths(recorded, keptMonths)) {
		return addMonths(recorded, warnMonths)
	}
	return addMonths(at, warnMonths-keptMonths)
}

// Standing is where the items of a procedure stand at one moment.
type Standing struct {
	Due  []Item    // to be erased now
	Soon []Item    // to be erased, and within the time of warning
	Next time.Time // the earliest deadline of what is kept; zero when nothing is
}

// Stand says where d's items stand at a moment. What is erased does not count.
func Stand(d Document, at time.Time) Standing {
	var s Standing
	for _, it := range d.Retention.Items {
		if it.Erased != nil || Gone(d) {
			continue
		}
		end := Deadline(it.Recorded, d.Retention.Extensions)
		if s.Next.IsZero() || end.Before(s.Next) {
			s.Next = end
		}
		switch {
		case !at.Before(end):
			s.Due = append(s.Due, it)
		case !at.Before(WarnFrom(it.Recorded, d.Retention.Extensions)):
			s.Soon = append(s.Soon, it)
		}
	}
	return s
}

// RecordedAt is when the original of that hash first came into d, and whether
// it ever did.
func RecordedAt(d Document, sha256 string) (time.Time, bool) {
	for _, it := range d.Retention.Items {
		if it.SHA256 == sha256 {
			return it.Recorded, true
		}
	}
	return time.Time{}, false
}

// MayRecord refuses an original whose time in this procedure is over (rule
// 14), and one that was erased on order (rule 15): brought in again they would
// begin a second life.
func MayRecord(d Document, sha256 string, at time.Time) error {
	i := slices.IndexFunc(d.Retention.Items, func(it Item) bool { return it.SHA256 == sha256 })
	if i < 0 {
		return nil
	}
	it := d.Retention.Items[i]
	if it.Erased != nil && it.Ground == GroundOrder {
		return Refuse("15", "", "it was erased on order on %s", it.Erased.Format(time.DateOnly))
	}
	if it.Erased == nil && at.Before(Deadline(it.Recorded, d.Retention.Extensions)) {
		return nil
	}
	return Refuse("14", "", "it was first recorded on %s and its time is over: importing it again does not restart it",
		it.Recorded.Format(time.DateOnly))
}

// NoteItems adds originals that came in at that moment. One that was in
// before keeps its first date.
func NoteItems(d Document, sha256s []string, at time.Time) Document {
	items := slices.Clone(d.Retention.Items)
	for _, sum := range sha256s {
		if !slices.ContainsFunc(items, func(it Item) bool { return it.SHA256 == sum }) {
			items = append(items, Item{SHA256: sum, Recorded: at.UTC()})
		}
	}
	d.Retention.Items = items
	return d
}

// NoteErased marks originals as erased at that moment, on that ground. One
// that is marked already, or unknown, is left as it is.
func NoteErased(d Document, sha256s []string, ground string, at time.Time) Document {
	items := slices.Clone(d.Retention.Items)
	at = at.UTC()
	for i := range items {
		if items[i].Erased == nil && slices.Contains(sha256s, items[i].SHA256) {
			items[i].Erased, items[i].Ground = &at, ground
		}
	}
	d.Retention.Items = items
	return d
}

// Extend adds the decision a of a magistrate to keep the data until a day
// (rule 14). It refuses a decision without its signed document, a day that is
// past, and a procedure in which there is nothing left to keep.
func Extend(d Document, a Authorisation, until time.Time, at time.Time) (Document, error) {
	if Gone(d) {
		return d, CheckGone(d)
	}
	if a.Document == "" || !isHash(a.SHA256) {
		return d, Refuse("14", "give the signed document with --document", "the decision has no document")
	}
	if err := checkOrder("14", Qualities, a, at); err != nil {
		return d, err
	}
	if !until.After(at) {
		return d, Refuse("14", "give a day to come with --until YYYY-MM-DD", "%s is past", until.Format(time.DateOnly))
	}
	stands := Stand(d, at)
	if due := len(stands.Due); due > 0 {
		return d, Refuse("14", "erase it with posteriori purge --due, then record the decision for the rest",
			"the time of %d recordings is over already: an extension cannot revive them", due)
	}
	if stands.Next.IsZero() {
		return d, Refuse("14", "", "procedure %s keeps no recordings whose time could be extended", d.ID)
	}
	d.Retention.Extensions = append(slices.Clip(d.Retention.Extensions), Extension{
		Until: until.UTC(), Magistrate: a.Magistrate, Quality: a.Quality, Date: a.Date, Reference: a.Reference,
		Document: a.Document, SHA256: a.SHA256, Recorded: at.UTC()})
	return d, nil
}

// Referent is the quality of the magistrate who oversees such processing and
// may order erasure and rectification in any procedure.
const Referent Quality = "magistrat-referent"

// CheckOrder refuses an order to erase or rectify that lacks its magistrate,
// quality, date or reference (rule 15).
func CheckOrder(a Authorisation, at time.Time) error {
	return checkOrder("15", append(slices.Clone(Qualities), Referent), a, at)
}

// checkOrder refuses a decision that is not complete, under that rule.
func checkOrder(rule string, qualities []Quality, a Authorisation, at time.Time) error {
	day, err := time.Parse(time.DateOnly, a.Date)
	switch {
	case strings.TrimSpace(a.Magistrate) == "":
		return Refuse(rule, "name the magistrate with --magistrate", "the decision names no magistrate")
	case !slices.Contains(qualities, a.Quality):
		return Refuse(rule, "give it with --quality "+join(qualities), "the decision gives no quality of the magistrate (%q)", a.Quality)
	case strings.TrimSpace(a.Reference) == "":
		return Refuse(rule, "give the decision's reference", "the decision has no reference")
	case err != nil:
		return Refuse(rule, "give it as --date YYYY-MM-DD", "the decision has no date (%q)", a.Date)
	case day.After(at.Add(24 * time.Hour)): // a day's grace for time zones
		return Refuse(rule, "", "the decision is dated %s, which is to come", a.Date)
	}
	return nil
}
