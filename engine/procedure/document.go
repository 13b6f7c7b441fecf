package procedure

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
)

// Frame is the legal frame of a procedure.
type Frame string

// The frames: CPP flagrance, enquête préliminaire, commission rogatoire, and
// the searches for causes of death (74) and of missing persons (74-1).
const (
	Flagrance           Frame = "flagrance"
	Preliminary         Frame = "preliminary"
	CommissionRogatoire Frame = "commission-rogatoire"
	CauseOfDeath        Frame = "74"
	MissingPerson       Frame = "74-1"
)

// Frames lists every frame. There is none for an administrative purpose.
var Frames = []Frame{Flagrance, Preliminary, CommissionRogatoire, CauseOfDeath, MissingPerson}

// Basis is how recordings came into the procedure.
type Basis string

// The bases: réquisition, saisie, remise, and access by habilitation.
const (
	Requisition Basis = "requisition"
	Seizure     Basis = "seizure"
	Handover    Basis = "handover"
	Access      Basis = "access"
)

// Bases lists every basis.
var Bases = []Basis{Requisition, Seizure, Handover, Access}

// Quality is in what quality a magistrate decides.
type Quality string

// The qualities.
const (
	Procureur       Quality = "procureur"
	JugeInstruction Quality = "juge-instruction"
)

// Qualities lists every quality.
var Qualities = []Quality{Procureur, JugeInstruction}

// State is where a procedure is in its life.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "closed"
)

// Kind is what an [Authorisation] says.
type Kind string

// The kinds. Deemed is the authorisation that flagrance carries by itself,
// FrameChanged marks that everything before it no longer holds.
const (
	Given        Kind = "given"
	Deemed       Kind = "deemed"
	Vetoed       Kind = "veto"
	Revoked      Kind = "revoked"
	FrameChanged Kind = "frame-changed"
)

// Authorisation is one word of the magistrate on the use of this software in
// the procedure. The last one counts.
type Authorisation struct {
	Kind       Kind      `json:"kind"`
	Frame      Frame     `json:"frame"` // in which it was given
	Magistrate string    `json:"magistrate,omitempty"`
	Quality    Quality   `json:"quality,omitempty"`
	Date       string    `json:"date,omitempty"` // YYYY-MM-DD, of the decision
	Reference  string    `json:"reference,omitempty"`
	Document   string    `json:"document,omitempty"` // file name
	SHA256     string    `json:"sha256,omitempty"`   // of the document
	Recorded   time.Time `json:"recorded"`
}

// Document is one procedure as procedure.json holds it.
type Document struct {
	Format         int             `json:"format"`
	ID             string          `json:"id"`
	Frame          Frame           `json:"frame"`
	Offence        string          `json:"offence"`
	Imprisonment   bool            `json:"imprisonment"` // the offence is punished by imprisonment
	Service        string          `json:"service"`
	Parquet        string          `json:"parquet"` // number at the parquet
	Opened         time.Time       `json:"opened"`
	OpenedBy       string          `json:"opened_by,omitempty"` // user ID of who opened it, and works in it
	State          State           `json:"state"`
	Authorisations []Authorisation `json:"authorisations"`
	Retention      Retention       `json:"retention,omitzero"`
	Demo           bool            `json:"demo,omitempty"`
}

// Format is the version of procedure.json that this package writes.
const Format = 1

var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckID says whether id can name a procedure. It becomes a folder's name
// and part of the journal's origin, and it names one procedure: no list and
// no pattern passes (rule 2).
func CheckID(id string) error {
	if strings.ContainsAny(id, "*?, ") {
		return Refuse("2", "name exactly one", "%q does not name one procedure", id)
	}
	if !idForm.MatchString(id) || strings.HasSuffix(id, ".") {
		return fault.New(fault.Usage, "%q cannot be a procedure's ID", id).
			WithHint("use 1 to 64 of A-Z a-z 0-9 . _ - that begin with a letter or digit; write a slash as -")
	}
	return nil
}

// Check refuses a document without legal frame, or whose offence does not
// carry imprisonment (rule 3). The searches of articles 74 and 74-1 may be
// without an offence, as none may have happened.
func Check(d Document) error {
	if err := CheckID(d.ID); err != nil {
		return err
	}
	frame, ok := law().Frames[d.Frame]
	if !ok {
		return Refuse("3", "name it with --frame "+join(Frames), "the procedure has no legal frame (%q)", d.Frame)
	}
	offence := strings.TrimSpace(d.Offence) != ""
	if !offence && frame.Offence {
		return Refuse("3", "name it with --offence", "the procedure names no offence")
	}
	if offence && !d.Imprisonment {
		todo := "add --imprisonment if it is"
		if !frame.Offence {
			todo += "; in frame " + string(d.Frame) + " none need be named: leave --offence out when none is established"
		}
		return Refuse("3", todo, "the offence is not said to be punished by imprisonment")
	}
	if strings.TrimSpace(d.Service) == "" {
		return Refuse("3", "name it with --service", "the procedure names no service")
	}
	if strings.TrimSpace(d.Parquet) == "" {
		return Refuse("3", "give it with --parquet", "the procedure has no parquet number")
	}
	for _, f := range [][2]string{{"the offence", d.Offence}, {"the service", d.Service}, {"the parquet number", d.Parquet}} {
		if err := CheckText(f[0], f[1]); err != nil {
			return err
		}
	}
	return nil
}

// New completes d as a procedure opened at that time, or refuses it. In
// flagrance the authorisation is deemed given and recorded so.
func New(d Document, at time.Time) (Document, error) {
	if err := Check(d); err != nil {
		return Document{}, err
	}
	d.Format, d.State, d.Opened = Format, Open, at.UTC()
	d.Authorisations = []Authorisation{}
	if law().Frames[d.Frame].Deemed {
		d.Authorisations = append(d.Authorisations, Authorisation{Kind: Deemed, Frame: d.Frame, Recorded: at.UTC()})
	}
	return d, nil
}

// Authorise adds the magistrate's authorisation. a names magistrate, quality,
// date, reference and document; kind, frame and time are filled here. It
// refuses an incomplete one, one dated after at, and one by a magistrate who
// is not in charge in this frame (rule 4).
func Authorise(d Document, a Authorisation, at time.Time) (Document, error) {
	if a.Document == "" || !isHash(a.SHA256) {
		return d, Refuse("4", "give the signed document with --document", "the authorisation has no document")
	}
	return decide(d, Given, a, at)
}

// Veto adds the objection of the procureur to the use in flagrance, and
// Revoke the end of an authorisation. A document is not asked for, so that
// they take effect at once.
func Veto(d Document, a Authorisation, at time.Time) (Document, error) {
	return decide(d, Vetoed, a, at)
}

// Revoke takes an authorisation back; see [Veto].
func Revoke(d Document, a Authorisation, at time.Time) (Document, error) {
	return decide(d, Revoked, a, at)
}

func decide(d Document, kind Kind, a Authorisation, at time.Time) (Document, error) {
	if kind == Given || Gone(d) { // what stops the use is recorded while there is data
		if err := mustBeOpen(d); err != nil {
			return d, err
		}
	}
	if err := checkDecision(d.Frame, a, at); err != nil {
		return d, err
	}
	a.Kind, a.Frame, a.Recorded = kind, d.Frame, at.UTC()
	d.Authorisations = append(slices.Clip(d.Authorisations), a)
	return d, nil
}

// checkDecision refuses a decision that does not say whose it is, of when, and
// under which reference, or that is not that magistrate's in this frame.
func checkDecision(frame Frame, a Authorisation, at time.Time) error {
	day, err := time.Parse(time.DateOnly, a.Date)
	allowed := law().Frames[frame].Magistrates
	switch {
	case strings.TrimSpace(a.Magistrate) == "":
		return Refuse("4", "name the magistrate with --magistrate", "the decision names no magistrate")
	case !slices.Contains(Qualities, a.Quality):
		return Refuse("4", "give it with --quality "+join(Qualities), "the decision gives no quality of the magistrate (%q)", a.Quality)
	case !slices.Contains(allowed, a.Quality):
		return Refuse("4", "", "in frame %s the decision is that of the %s, not of the %s", frame, join(allowed), a.Quality)
	case strings.TrimSpace(a.Reference) == "":
		return Refuse("4", "give it with --reference", "the decision has no reference")
	case err != nil:
		return Refuse("4", "give it as --date YYYY-MM-DD", "the decision has no date (%q)", a.Date)
	case day.After(at.Add(24 * time.Hour)): // a day's grace for time zones
		return Refuse("4", "", "the decision is dated %s, which is to come", a.Date)
	}
	if err := CheckName("the magistrate's name", a.Magistrate); err != nil {
		return err
	}
	return CheckText("the reference", a.Reference)
}

// ChangeFrame moves d to another frame. The authorisation is asked for again,
// also in flagrance, where a new one is deemed only at opening.
func ChangeFrame(d Document, to Frame, at time.Time) (Document, error) {
	if err := mustBeOpen(d); err != nil {
		return d, err
	}
	from := d.Frame
	d.Frame = to
	if err := Check(d); err != nil {
		return Document{}, err
	}
	if from == to {
		return Document{}, fault.New(fault.Usage, "procedure %s is in frame %s already", d.ID, to)
	}
	d.Authorisations = append(slices.Clip(d.Authorisations),
		Authorisation{Kind: FrameChanged, Frame: to, Reference: string(from), Recorded: at.UTC()})
	return d, nil
}

// Reference is how a journal record names the authorisation in force: its
// reference, "deemed", or nothing when there is none. It stands on while the
// procedure is being closed: what is done then is done under it too.
func (d Document) Reference() string {
	if authorised(d) != nil {
		return ""
	}
	last := d.Authorisations[len(d.Authorisations)-1]
	if last.Kind == Deemed {
		return string(Deemed)
	}
	return last.Reference
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// Parse reads the text of a procedure.json. It fails with fault.BadInput when it
// is not one of this format.
func Parse(b []byte) (Document, error) {
	var d Document
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return Document{}, fault.Wrap(fault.BadInput, err, "not a procedure of this program")
	}
	if d.Format != Format {
		return Document{}, fault.New(fault.BadInput, "format %d, this program reads %d", d.Format, Format)
	}
	if err := CheckID(d.ID); err != nil {
		return Document{}, err
	}
	return d, nil
}

// Encode is the text of a procedure.json, which [Parse] reads.
func Encode(d Document) ([]byte, error) {
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}
