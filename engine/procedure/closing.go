package procedure

import (
	"strings"
	"time"
)

// Closure is how far the closing of a procedure has come.
type Closure struct {
	Begun    time.Time    `json:"begun"`
	Copy     *CopyRequest `json:"copy,omitempty"`
	Copied   bool         `json:"copied,omitempty"` // the copy was made
	Finished *time.Time   `json:"finished,omitempty"`
}

// CopyRequest is the magistrate's request for a copy of all data, without
// which none is made (rule 13).
type CopyRequest struct {
	Reference  string `json:"reference"`
	Magistrate string `json:"magistrate"`
}

// Step is one step of closing; each is an act of its own.
type Step string

// The steps, in the order in which they are done.
const (
	StepBegin       Step = "begin"       // nothing is added from here on
	StepReport      Step = "report"      // rapport d'exploitation (rule 13)
	StepMention     Step = "mention"     // mention en procédure (rule 12)
	StepCopy        Step = "copy"        // of all data, at the magistrate's request
	StepPurge       Step = "purge"       // key, index and files are destroyed
	StepCertificate Step = "certificate" // certificat d'effacement
	StepFinish      Step = "finish"      // the procedure is closed
)

// Steps lists every step in order.
var Steps = []Step{StepBegin, StepReport, StepMention, StepCopy, StepPurge, StepCertificate, StepFinish}

// Papers says which documents are there and up to date.
type Papers struct {
	Report, Mention, Certificate bool
}

// Remaining lists the steps that closing d still takes. copy is the request
// that this command brings, or nil. It refuses a copy without a request's
// reference and magistrate (rule 13), one that comes when there is nothing
// left to copy, and a procedure that is closed.
func Remaining(d Document, copy *CopyRequest, have Papers) ([]Step, error) {
	if d.State == Closed {
		return nil, Refuse("14", "", "procedure %s is closed already", d.ID)
	}
	if copy != nil {
		if strings.TrimSpace(copy.Reference) == "" || strings.TrimSpace(copy.Magistrate) == "" {
			return nil, Refuse("13", "give the request with --copy-request and --copy-magistrate",
				"a copy of all data is made only at the magistrate's request")
		}
		if c := d.Retention.Closing; Gone(d) && (c == nil || !c.Copied) {
			return nil, Refuse("13", "", "the data of procedure %s is erased: there is nothing to copy", d.ID)
		}
	}
	done := map[Step]bool{
		StepBegin:       d.State != Open,
		StepReport:      Gone(d) || have.Report,
		StepMention:     Gone(d) || have.Mention,
		StepCopy:        Gone(d) || !copyWanted(d, copy),
		StepPurge:       Gone(d),
		StepCertificate: Gone(d) && have.Certificate,
	}
	var left []Step
	for _, s := range Steps {
		if !done[s] {
			left = append(left, s)
		}
	}
	return left, nil
}

func copyWanted(d Document, asked *CopyRequest) bool {
	c := d.Retention.Closing
	if c != nil && c.Copied {
		return false
	}
	return asked != nil || c != nil && c.Copy != nil
}

// BeginClosing moves an open procedure into closing.
func BeginClosing(d Document, copy *CopyRequest, at time.Time) (Document, error) {
	if err := mustBeOpen(d); err != nil {
		return d, err
	}
	d.State = Closing
	d.Retention.Closing = &Closure{Begun: at.UTC(), Copy: copy}
	return d, nil
}

// NoteCopied says that the copy which the magistrate asked for was made.
func NoteCopied(d Document, c CopyRequest) (Document, error) {
	if d.State != Closing || d.Retention.Closing == nil {
		return d, Refuse("13", "", "procedure %s is %s: a copy is made while it is being closed", d.ID, d.State)
	}
	n := *d.Retention.Closing
	n.Copy, n.Copied = &c, true
	d.Retention.Closing = &n
	return d, nil
}

// NoteNotCopied takes back [NoteCopied] for a copy that could not be put in
// its place.
func NoteNotCopied(d Document) (Document, error) {
	if c := d.Retention.Closing; c != nil {
		n := *c
		n.Copied = false
		d.Retention.Closing = &n
	}
	return d, nil
}

// NotePurged says that the data of a procedure which is being closed is
// destroyed, all its items with it.
func NotePurged(d Document, at time.Time) (Document, error) {
	if d.State != Closing {
		return d, Refuse("14", "close it with posteriori procedure close "+d.ID, "procedure %s is %s, not being closed", d.ID, d.State)
	}
	var sums []string
	for _, it := range d.Retention.Items {
		sums = append(sums, it.SHA256)
	}
	d = NoteErased(d, sums, GroundClosure, at)
	d.State = Purged
	return d, nil
}

// NoteLost is d of which a backup was put back without its data, as that was
// erased since, or must be: there is nothing left but the journal and d itself,
// and closing it goes on from there.
func NoteLost(d Document, at time.Time) Document {
	var sums []string
	for _, it := range d.Retention.Items {
		sums = append(sums, it.SHA256)
	}
	d = NoteErased(d, sums, GroundLost, at)
	if d.Retention.Closing == nil {
		d.Retention.Closing = &Closure{Begun: at.UTC()}
	}
	d.State = Purged
	return d
}

// FinishClosing closes a purged procedure.
func FinishClosing(d Document, at time.Time) (Document, error) {
	if d.State != Purged || d.Retention.Closing == nil {
		return d, Refuse("14", "", "procedure %s is %s, not purged", d.ID, d.State)
	}
	at = at.UTC()
	n := *d.Retention.Closing
	n.Finished = &at
	d.Retention.Closing, d.State = &n, Closed
	return d, nil
}

// Gone says whether the data of d is destroyed.
func Gone(d Document) bool { return d.State == Purged || d.State == Closed }

// CheckGone refuses whatever needs the data of a procedure that has none left
// (rule 14).
func CheckGone(d Document) error {
	if !Gone(d) {
		return nil
	}
	return Refuse("14", "its journal and its documents remain: posteriori journal show -p "+d.ID,
		"the data of procedure %s was erased when it was closed", d.ID)
}
