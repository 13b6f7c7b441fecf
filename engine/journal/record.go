package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Schema is the version of the record format that this package writes.
const Schema = 1

// MaxRecord bounds the length of one record in bytes.
const MaxRecord = 32 << 20

// Operation is the class of an act in the words of the law (loi Informatique
// et libertés, article 101).
type Operation string

// The operations.
const (
	Collect      Operation = "collecte"
	Modify       Operation = "modification"
	Consult      Operation = "consultation"
	Communicate  Operation = "communication"
	Interconnect Operation = "interconnexion"
	Erase        Operation = "effacement"
)

// Operations lists every operation.
var Operations = []Operation{Collect, Modify, Consult, Communicate, Interconnect, Erase}

// Sub is what was done, inside its [Operation].
type Sub string

// The sub-operations.
const (
	SubInit          Sub = "init"
	SubOpen          Sub = "procedure-open"
	SubAuthorise     Sub = "authorise"
	SubVeto          Sub = "veto"
	SubRevoke        Sub = "revoke"
	SubFrame         Sub = "frame-change"
	SubList          Sub = "procedure-list"
	SubShow          Sub = "procedure-show"
	SubImport        Sub = "import"
	SubAnalyse       Sub = "analyse"
	SubBatch         Sub = "batch" // plans or steers many imports and analyses, each of which is an act of its own
	SubCamera        Sub = "camera"
	SubQuery         Sub = "query"
	SubView          Sub = "view"
	SubSynopsis      Sub = "synopsis"
	SubValidate      Sub = "validate"
	SubExport        Sub = "export"
	SubUnmask        Sub = "unmask"
	SubPurge         Sub = "purge"
	SubModel         Sub = "model-change"
	SubModelList     Sub = "model-list"
	SubAdmin         Sub = "admin"
	SubJournalShow   Sub = "journal-show"
	SubJournalVerify Sub = "journal-verify"

	SubJournalProve      Sub = "journal-prove"
	SubJournalExport     Sub = "journal-export"
	SubJournalCheckpoint Sub = "journal-checkpoint"
	SubJournalStats      Sub = "journal-stats"

	SubUserAdd        Sub = "user-add"
	SubUserHabilitate Sub = "user-habilitate"
	SubUserAssign     Sub = "user-assign"
	SubUserRevoke     Sub = "user-revoke"
	SubUserList       Sub = "user-list"
	SubUserShow       Sub = "user-show"

	SubReject  Sub = "reject"
	SubComment Sub = "comment"
	SubExplain Sub = "explain"
	SubReview  Sub = "review"

	SubExtend  Sub = "extend"  // a magistrate lets data be kept longer
	SubClose   Sub = "close"   // a step of closing a procedure
	SubErase   Sub = "erase"   // ordered erasure by reference
	SubRectify Sub = "rectify" // ordered rectification by reference
	SubCopy    Sub = "copy"    // of all data, at the magistrate's request

	SubMention     Sub = "mention"
	SubReport      Sub = "report"
	SubCertificate Sub = "certificate"
	SubCompliance  Sub = "compliance"
	SubAlert       Sub = "alert"

	SubStoreCheck   Sub = "store-check"   // looks through a whole store
	SubStoreBackup  Sub = "store-backup"  // copies one
	SubStoreRestore Sub = "store-restore" // puts one back
)

// Subs lists every sub-operation.
var Subs = []Sub{SubInit, SubOpen, SubAuthorise, SubVeto, SubRevoke, SubFrame,
	SubList, SubShow, SubImport, SubAnalyse, SubBatch, SubCamera, SubQuery, SubView,
	SubSynopsis, SubValidate, SubExport, SubUnmask, SubPurge, SubModel,
	SubModelList, SubAdmin, SubJournalShow, SubJournalVerify,
	SubJournalProve, SubJournalExport, SubJournalCheckpoint, SubJournalStats,
	SubUserAdd, SubUserHabilitate, SubUserAssign, SubUserRevoke, SubUserList, SubUserShow,
	SubReject, SubComment, SubExplain, SubReview,
	SubExtend, SubClose, SubErase, SubRectify, SubCopy,
	SubMention, SubReport, SubCertificate, SubCompliance, SubAlert,
	SubStoreCheck, SubStoreBackup, SubStoreRestore}

// Outcome is how an act ended.
type Outcome string

// The outcomes. Refused comes with the rule's number, Failed may name the
// record that it takes back.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Failed  Outcome = "failed"
)

// Record is one act. Append fills Schema, Log, Seq, Root, the times and what
// the clock did, Recovered and Sig; the caller the rest. It holds references only: no picture, no plate, no
// name of a person seen (the journal outlives the data).
type Record struct {
	Schema    int       `json:"schema"`
	Log       string    `json:"log"`  // origin of the log, so that no record fits another
	Seq       int64     `json:"seq"`  // from 0
	Root      tlog.Hash `json:"root"` // of the tree of the records before this one
	Operation Operation `json:"operation"`
	Sub       Sub       `json:"sub"`
	Outcome   Outcome   `json:"outcome"`
	Rule      string    `json:"rule,omitempty"`  // the rule that refused
	Error     string    `json:"error,omitempty"` // why it was refused or failed
	Of        *int64    `json:"of,omitempty"`    // the record whose act this failure ended
	Reason    string    `json:"reason"`
	TimeUTC   string    `json:"time_utc"`             // RFC 3339, microseconds
	TimeLocal string    `json:"time_local"`           // RFC 3339 with the zone's offset
	Clock     string    `json:"clock"`                // what the times rest on
	ClockBack string    `json:"clock_back,omitempty"` // by how much the clock stands before the last record's
	Person    Person    `json:"person"`
	Procedure *Case     `json:"procedure,omitempty"`
	Details
	// Sealed holds the SHA-256 of each file that only an act may change, by its
	// name, as it is from this record on. Append carries on what the record does
	// not set, so that the last record alone says what each file must be.
	Sealed    map[string]string `json:"sealed,omitempty"`
	Build     Build             `json:"build"`
	Host      string            `json:"host"`
	Demo      bool              `json:"demo,omitempty"` // made in a demonstration store
	Recovered *Recovery         `json:"recovered,omitempty"`
	Sig       string            `json:"sig"` // base64 Ed25519, over the line without this field; always last
}

// Person is who acted. Account and UID are the operating system's.
type Person struct {
	Account      string `json:"account"`
	UID          string `json:"uid"`
	Matricule    string `json:"matricule,omitempty"`
	Name         string `json:"name,omitempty"`
	Quality      string `json:"quality,omitempty"`
	Service      string `json:"service,omitempty"`
	Habilitation string `json:"habilitation,omitempty"`
	Login        string `json:"login,omitempty"` // account that logged in, where it is another (su, sudo)
}

// Case is the procedure that the act was done in, as it stood.
type Case struct {
	ID            string `json:"id"`
	Frame         string `json:"frame,omitempty"`
	Authorisation string `json:"authorisation,omitempty"` // its reference, or "deemed"
}

// Details are what an act was about, filled by the command.
type Details struct {
	Source     *Source     `json:"source,omitempty"`
	Objects    []Object    `json:"objects,omitempty"`
	Query      *Query      `json:"query,omitempty"`
	Models     []Model     `json:"models,omitempty"`
	Recipients []Recipient `json:"recipients,omitempty"`
	Erasure    *Erasure    `json:"erasure,omitempty"`
	Decision   *Decision   `json:"decision,omitempty"`
	Params     string      `json:"params,omitempty"` // settings that change the result, as compact JSON
	Result     string      `json:"result,omitempty"` // what an inspection found, in short
}

// Source is where imported data came from.
type Source struct {
	Exhibit string `json:"exhibit"` // scellé or PV
	Basis   string `json:"basis"`
}

// Object is one thing that the act touched, by reference.
type Object struct {
	Kind   string  `json:"kind"` // recording, derived, document, journal
	ID     string  `json:"id,omitempty"`
	SHA256 string  `json:"sha256,omitempty"`
	Camera string  `json:"camera,omitempty"`
	FromUS *int64  `json:"from_us,omitempty"` // media time
	ToUS   *int64  `json:"to_us,omitempty"`
	Tracks []int64 `json:"tracks,omitempty"`
	Note   string  `json:"note,omitempty"` // skipped, failed: the kind of failure
}

// Query is what was asked: the filter as structure, never as plate text.
type Query struct {
	Filter      string             `json:"filter"` // canonical form of the filter, as compact JSON or its text
	Thresholds  map[string]float64 `json:"thresholds,omitempty"`
	Results     *int64             `json:"results,omitempty"`
	Commitments []string           `json:"commitments,omitempty"` // keyed commitments to plate text
}

// Model is one model file that took part.
type Model struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Recipient is who was given something.
type Recipient struct {
	Who       string `json:"who"` // person or service
	Medium    string `json:"medium,omitempty"`
	Reference string `json:"reference,omitempty"`
	SHA256    string `json:"sha256,omitempty"` // of what was given
}

// Decision is a magistrate's act that a record reports, by reference: the name
// stands in the procedure.
type Decision struct {
	Quality   string `json:"quality,omitempty"`
	Date      string `json:"date,omitempty"`
	Reference string `json:"reference,omitempty"`
	Document  string `json:"document,omitempty"` // SHA-256
}

// Erasure says what was erased and on what ground.
type Erasure struct {
	Scope    string           `json:"scope"`
	Ground   string           `json:"ground"`
	Decision string           `json:"decision,omitempty"`
	Method   string           `json:"method"`
	Counts   map[string]int64 `json:"counts,omitempty"`
}

// Build identifies the program that wrote the record.
type Build struct {
	Version  string `json:"version,omitempty"`
	Revision string `json:"revision,omitempty"`
	SHA256   string `json:"sha256,omitempty"` // of the executable
	Worker   string `json:"worker,omitempty"` // build of the worker that took part
}

// Recovery tells what an earlier writer left when it was killed.
type Recovery struct {
	Sealed bool   `json:"sealed"`           // a whole record, kept
	Cut    int64  `json:"cut_bytes"`        // bytes of a torn record, removed
	SHA256 string `json:"sha256,omitempty"` // of the removed bytes
}

// Time is when the act was done, by the machine's clock.
func (r Record) Time() (time.Time, error) { return time.Parse(timeUTC, r.TimeUTC) }

const (
	timeUTC   = "2006-01-02T15:04:05.000000Z"
	timeLocal = "2006-01-02T15:04:05.000000-07:00"
)

// ErrFormat is under every error about a line that is no record.
var ErrFormat = errors.New("not a journal record")

// check says what of the caller's part is wrong.
func (r Record) check() error {
	switch {
	case !slices.Contains(Operations, r.Operation):
		return fmt.Errorf("unknown operation %q", r.Operation)
	case !slices.Contains(Subs, r.Sub):
		return fmt.Errorf("unknown sub-operation %q", r.Sub)
	case r.Outcome != OK && r.Outcome != Refused && r.Outcome != Failed:
		return fmt.Errorf("unknown outcome %q", r.Outcome)
	case r.Outcome == Refused && r.Rule == "":
		return errors.New("a refusal without its rule")
	case r.Outcome == OK && strings.TrimSpace(r.Reason) == "":
		return errors.New("an act without a reason")
	}
	return nil
}

// Signatures stand at a fixed place at the end of the line, so that what is
// signed can be cut out without parsing.
const (
	sigOpen = `,"sig":"`
	sigLen  = 88 // base64 of 64 bytes
	sigTail = len(sigOpen) + sigLen + len(`"}`)
)

// signed is what the signature of a record covers: body, the record's line
// without the sig field, behind a line that no checkpoint begins with.
func signed(body []byte) []byte {
	const head = "posteriori journal record v1\n"
	return append(append(make([]byte, 0, len(head)+len(body)+1), head...), body...)
}

// split parts a line into the body that was signed and the signature.
func split(line []byte) (body, sig []byte, err error) {
	at := len(line) - sigTail
	if at < 1 || string(line[at:at+len(sigOpen)]) != sigOpen || string(line[len(line)-2:]) != `"}` {
		return nil, nil, fmt.Errorf("%w: no signature at its end", ErrFormat)
	}
	text := line[at+len(sigOpen) : len(line)-2]
	sig, err = base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(sig) != 64 {
		return nil, nil, fmt.Errorf("%w: malformed signature", ErrFormat)
	}
	return append(slices.Clip(line[:at]), '}'), sig, nil
}

// encode writes r in the one form that stands for it, without a line feed.
// Bytes that are not UTF-8 become U+FFFD, and that once and for all: written
// escaped, as encoding/json does, they would not come back the same.
func encode(r Record) ([]byte, error) {
	line, err := encodeOnce(r)
	if err != nil || !bytes.Contains(line, []byte(`\ufffd`)) {
		return line, err
	}
	var valid Record
	if err := json.Unmarshal(line, &valid); err != nil {
		return nil, err
	}
	return encodeOnce(valid)
}

func encodeOnce(r Record) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// seal encodes r and signs it.
func seal(r Record, sign func([]byte) ([]byte, error)) ([]byte, error) {
	r.Sig = strings.Repeat("A", sigLen)
	line, err := encode(r)
	if err != nil {
		return nil, err
	}
	at := len(line) - sigTail
	sig, err := sign(append(signed(line[:at]), '}'))
	if err != nil {
		return nil, err
	}
	base64.StdEncoding.Encode(line[at+len(sigOpen):], sig)
	if len(line) > MaxRecord {
		return nil, fmt.Errorf("a record of %d bytes is over the limit of %d", len(line), MaxRecord)
	}
	return line, nil
}

// ParseRecord reads one line (without its line feed). It accepts only the
// canonical form: what it returns encodes to the same bytes. It does not
// check the signature. Errors are under [ErrFormat].
func ParseRecord(line []byte) (Record, error) {
	var r Record
	if len(line) > MaxRecord {
		return r, fmt.Errorf("%w: %d bytes", ErrFormat, len(line))
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if r.Schema != Schema {
		return Record{}, fmt.Errorf("%w: schema %d, this program reads %d", ErrFormat, r.Schema, Schema)
	}
	again, err := encode(r)
	if err != nil || !bytes.Equal(again, line) {
		return Record{}, fmt.Errorf("%w: not in canonical form", ErrFormat)
	}
	return r, nil
}
