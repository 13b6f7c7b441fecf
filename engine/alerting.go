package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// The kinds of alert.
const (
	AlertModel    = "model-refused"    // rule 11
	AlertJournal  = "journal-altered"  // rule 18
	AlertOriginal = "original-altered" // rule 21
)

// alertRules names the rule that an alert is raised under.
var alertRules = map[string]string{AlertModel: "11", AlertJournal: "18", AlertOriginal: "21"}

// Alert raises an alert: it writes a record in the store's own journal and
// then tells the data controller, where the store names one. Kind is one of
// the above; message and objects are references, without a person's name or a
// file's. A delivery that fails is a second record, which names the first, and
// an error; the caller's refusal stands whatever becomes of the alert. Where the
// store's journal is what cannot be used, the controller is told all the same.
func (s *Store) Alert(ctx context.Context, kind, message string, objects []journal.Object) error {
	log, release, err := s.openJournal("")
	if err == nil {
		defer release()
	}
	c := s.meta.Alert
	r := s.record(ActSpec{Operation: journal.Modify, Sub: journal.SubAlert, Reason: "alert: " + kind})
	r.Outcome, r.Objects, r.Result = journal.OK, objects, kind+": "+message
	for _, who := range c.Recipients() {
		r.Operation = journal.Communicate
		r.Recipients = append(r.Recipients, journal.Recipient{Who: who, Medium: "alert"})
	}
	seq := int64(alert.Unrecorded)
	if err == nil {
		if n, aerr := log.Append(r); aerr == nil {
			seq = n
		} else {
			err = aerr
		}
	}
	a := alert.Alert{
		Kind: kind, Rule: alertRules[kind], Message: message, Time: s.now().UTC().Truncate(time.Microsecond),
		Store: s.meta.ID, Host: r.Host, Record: seq, Demo: s.meta.Demo,
	}
	for _, o := range objects {
		a.Objects = append(a.Objects, alert.Object{Kind: o.Kind, ID: o.ID, SHA256: o.SHA256})
	}
	// Not the caller's context: an interruption must not silence an alert.
	serr := alert.Send(context.WithoutCancel(ctx), c, a)
	if serr == nil || err != nil {
		return errors.Join(err, serr)
	}
	err = serr
	r.Outcome, r.Of, r.Result = journal.Failed, &seq, ""
	r.Error = "the alert was not delivered: " + kindsOf(err)
	if _, jerr := log.Append(r); jerr != nil {
		err = errors.Join(err, jerr)
	}
	return fault.Wrap(fault.Internal, err, "the alert stands in the journal but was not delivered").
		WithHint("see to the store's alert command or mail server; tell the data controller by hand")
}

// kindsOf says what failed without the causes, which may name files.
func kindsOf(err error) string {
	list := []error{err}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		list = j.Unwrap()
	}
	var out []string
	for _, e := range list {
		var f *fault.Error
		if errors.As(e, &f) {
			out = append(out, f.Msg)
		}
	}
	return strings.Join(out, "; ")
}

// alertOn raises the alert that the end of an act asks for: of a refused model
// (rule 11), of a journal, or a file that it answers for, which is not as it was
// written (rule 18). The refusal itself is in the journal already; what goes
// wrong here is too, as far as it can be, and must not hide it.
func (s *Store) alertOn(ctx context.Context, err error, procedure string, about []journal.Model) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return
	}
	switch {
	case f.Rule == "11":
		var objects []journal.Object
		for _, m := range about {
			objects = append(objects, journal.Object{Kind: "model", ID: m.Name, SHA256: m.SHA256})
		}
		_ = s.Alert(ctx, AlertModel, f.Msg, objects)
	case f.Rule == "18" && f.Kind == fault.Integrity:
		_ = s.AlertTouched(ctx, procedure, f.Msg)
	}
}

// AlertTouched raises the alert that a journal, of a procedure or the store's own
// for "", or a file that it answers for, is not as it was written.
func (s *Store) AlertTouched(ctx context.Context, procedure, message string) error {
	return s.Alert(ctx, AlertJournal, message, []journal.Object{{Kind: "journal", ID: s.origin(procedure)}})
}
