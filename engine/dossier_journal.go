package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/report"
)

// caseLog is what the documents take from a procedure's journal, in one pass.
type caseLog struct {
	acts       map[string]int64          // by user ID
	people     map[string]journal.Person // by user ID, as last recorded
	checks     map[string][]report.Check // of originals, by hash
	searches   []report.Search
	reasons    []string
	recipients []report.Recipient
	reports    []report.Issue
	mention    report.Issue
	ordered    []report.Ordered
	exhibits   map[string]string        // by hash of the original
	records    map[int64]journal.Record // those of decisions, for their proofs
	purge      *journal.Record          // the last that went ahead
	copy       *report.Recipient
	withdrawn  map[int64]bool    // records whose act failed afterwards
	confined   map[string]string // by hash of the original: what held in the worker that last analysed it
}

// readAll reads the act's journal to the end.
func (a *Act) readAll() (*caseLog, error) {
	l := &caseLog{acts: map[string]int64{}, people: map[string]journal.Person{}, checks: map[string][]report.Check{}, exhibits: map[string]string{},
		records: map[int64]journal.Record{}, withdrawn: map[int64]bool{}, confined: map[string]string{}}
	for r, err := range a.log.Records(journal.Filter{}) {
		if err != nil {
			return nil, err
		}
		l.take(r)
	}
	l.reports = slices.DeleteFunc(l.reports, func(i report.Issue) bool { return l.withdrawn[i.Record] })
	l.recipients = slices.DeleteFunc(l.recipients, func(x report.Recipient) bool { return l.withdrawn[x.Record] })
	l.ordered = slices.DeleteFunc(l.ordered, func(x report.Ordered) bool { return l.withdrawn[x.Record] })
	return l, nil
}

func (l *caseLog) take(r journal.Record) {
	at, err := r.Time()
	if err != nil {
		at = time.Time{}
	}
	if r.Of != nil {
		l.withdrawn[*r.Of] = true
	}
	l.acts[r.Person.UID]++
	l.people[r.Person.UID] = r.Person
	l.takeUse(r, at)
	if r.Query != nil || r.Sub == journal.SubQuery {
		l.takeSearch(r, at)
	}
	if r.Outcome != journal.OK {
		return
	}
	for _, x := range r.Recipients {
		l.recipients = append(l.recipients, report.Recipient{Who: x.Who, Medium: x.Medium, Reference: x.Reference, SHA256: x.SHA256, At: at, Record: r.Seq})
	}
	if r.Source != nil {
		for _, o := range r.Objects {
			l.exhibits[o.SHA256] = r.Source.Exhibit
		}
	}
	switch r.Sub {
	case journal.SubReport:
		l.reports = append(l.reports, report.Issue{Version: len(l.reports) + 1, SHA256: documentHash(r), At: at, Record: r.Seq})
	case journal.SubMention:
		l.mention = report.Issue{Version: 1, SHA256: documentHash(r), At: at, Record: r.Seq}
	case journal.SubErase, journal.SubRectify:
		l.ordered = append(l.ordered, orderedOf(r, at))
	case journal.SubAnalyse:
		l.takeAnalysis(r)
	case journal.SubPurge:
		l.purge = &r
	case journal.SubCopy:
		if n := len(r.Recipients); n > 0 {
			l.copy = &l.recipients[len(l.recipients)-1]
		}
	case journal.SubValidate, journal.SubReject:
		l.records[r.Seq] = r
	}
}

// hashing are the acts that hash each original they name before they use it.
var hashing = []journal.Sub{journal.SubImport, journal.SubAnalyse, journal.SubSynopsis, journal.SubExport}

// takeUse notes the checks of originals that a record tells of.
func (l *caseLog) takeUse(r journal.Record, at time.Time) {
	if r.Params == EvidenceCheck && r.Outcome == journal.OK {
		l.takeCheck(r, at)
		return
	}
	if !slices.Contains(hashing, r.Sub) || r.Outcome == journal.Refused {
		return
	}
	broken := r.Outcome == journal.Failed
	if broken && !strings.HasPrefix(r.Error, "integrity") {
		return
	}
	for _, o := range r.Objects {
		if o.Kind == kindRecording && o.SHA256 != "" && o.Note == "" {
			l.checks[o.SHA256] = append(l.checks[o.SHA256], report.Check{Record: r.Seq, At: at, Act: string(r.Sub), Same: !broken})
		}
	}
}

// takeAnalysis notes what held the worker in while it read the originals.
func (l *caseLog) takeAnalysis(r journal.Record) {
	var p struct {
		Sandbox string `json:"sandbox"`
	}
	if json.Unmarshal([]byte(r.Params), &p) != nil {
		return
	}
	for _, o := range r.Objects {
		if o.Kind == kindRecording {
			l.confined[o.SHA256] = p.Sandbox
		}
	}
}

// takeCheck notes a check of originals that a person asked for. One that was not
// found then was not hashed.
func (l *caseLog) takeCheck(r journal.Record, at time.Time) {
	for _, o := range r.Objects {
		if o.Kind == kindRecording && (o.Note == FileUnchanged || o.Note == FileAltered) {
			l.checks[o.SHA256] = append(l.checks[o.SHA256], report.Check{Record: r.Seq, At: at, Act: "evidence-check", Same: o.Note == FileUnchanged})
		}
	}
}

func (l *caseLog) takeSearch(r journal.Record, at time.Time) {
	s := report.Search{Record: r.Seq, At: at, By: personText(r.Person), Act: string(r.Sub), Reason: r.Reason, Outcome: string(r.Outcome), Rule: r.Rule}
	if r.Query != nil {
		s.Filter, s.Results = r.Query.Filter, r.Query.Results
	} else if r.Outcome != journal.OK {
		s.Filter = "{}"
	}
	if r.Outcome == journal.Failed {
		s.Failure, _, _ = strings.Cut(r.Error, ":")
	}
	l.searches = append(l.searches, s)
	if r.Reason != "" && !slices.Contains(l.reasons, r.Reason) {
		l.reasons = append(l.reasons, r.Reason)
	}
}

func documentHash(r journal.Record) string {
	for _, o := range r.Objects {
		if o.Kind == kindDocument {
			return o.SHA256
		}
	}
	return ""
}

func orderedOf(r journal.Record, at time.Time) report.Ordered {
	o := report.Ordered{Act: string(r.Sub), At: at, Record: r.Seq}
	if r.Decision != nil {
		o.Reference = r.Decision.Reference
	}
	var scope []string
	for _, x := range r.Objects {
		if x.Kind != kindRecording {
			continue
		}
		if len(x.Tracks) == 0 {
			scope = append(scope, "enregistrement E"+x.ID)
		}
		for _, t := range x.Tracks {
			scope = append(scope, fmt.Sprintf("piste %s:%d", x.ID, t))
		}
	}
	o.Scope = strings.Join(scope, ", ")
	return o
}

// personText names who acted as a document does.
func personText(p journal.Person) string {
	if p.Name == "" {
		return "compte " + p.Account
	}
	out := p.Name
	if p.Quality != "" {
		out += ", " + p.Quality
	}
	if p.Matricule != "" {
		out += ", matricule " + p.Matricule
	}
	return out
}

// agents are who draws up the document, and everyone who works or has acted
// in the procedure, by name.
func (a *Act) agents(ctx context.Context, log *caseLog) (self report.Agent, all []report.Agent, err error) {
	reg, err := a.store.Users(ctx)
	if err != nil {
		return self, nil, err
	}
	now := a.store.now()
	self = agentOf(a.user, a.proc.Doc, now, 0)
	for _, u := range reg.Users() {
		if n := log.acts[u.UID]; n > 0 || u.In(a.proc.Doc) {
			all = append(all, agentOf(u, a.proc.Doc, now, n))
		}
	}
	slices.SortFunc(all, func(x, y report.Agent) int { return strings.Compare(x.Name+x.Matricule, y.Name+y.Matricule) })
	return self, all, nil
}

// agentOf is a user as he stands at a moment, for a procedure.
func agentOf(u access.User, d procedure.Document, at time.Time, acts int64) report.Agent {
	x := report.Agent{Name: u.Name, Quality: u.Quality, Matricule: u.Matricule, Service: u.Service, Account: u.Account,
		Assigned: u.In(d), Revoked: u.Revoked, Acts: acts}
	for _, r := range u.Roles {
		x.Roles = append(x.Roles, string(r))
	}
	day := at.Local().Format(time.DateOnly)
	for _, h := range u.Habilitations {
		o := report.Order{Authority: h.Authority, Reference: h.Reference, SHA256: h.Document, From: h.From, Until: h.Until,
			InForce: h.From <= day && day <= h.Until}
		for _, n := range h.Natures {
			o.Natures = append(o.Natures, string(n))
		}
		x.Habilitations = append(x.Habilitations, o)
	}
	return x
}

// caseOf is a procedure as documents show it.
func caseOf(d procedure.Document) report.Case {
	c := report.Case{Number: d.ID, Parquet: d.Parquet, Offence: d.Offence, Imprisonment: d.Imprisonment, LegalFrame: string(d.Frame),
		Service: d.Service, Opened: d.Opened, State: string(d.State)}
	for _, a := range d.Authorisations {
		c.Authorisations = append(c.Authorisations, report.Authorised{Kind: string(a.Kind), LegalFrame: string(a.Frame), Magistrate: a.Magistrate,
			Quality: string(a.Quality), Date: a.Date, Reference: a.Reference, SHA256: a.SHA256, Recorded: a.Recorded})
	}
	return c
}

// prove shows that a record is in the tree of cp. It checks what it shows.
func (a *Act) prove(r journal.Record, cp journal.Checkpoint, withPath bool) (report.Proof, error) {
	line, err := lineOf(r)
	if err != nil {
		return report.Proof{}, err
	}
	p := report.Proof{Record: r.Seq, Leaf: journal.LeafHash(line)}
	if !withPath {
		return p, nil
	}
	in, err := journal.ProveInclusion(a.log.Dir(), r.Seq, cp.Size)
	if err != nil {
		return p, err
	}
	if err := in.Check(line, cp); err != nil {
		return p, err
	}
	for _, h := range in.Proof {
		p.Path = append(p.Path, h.String())
	}
	return p, nil
}

// lineOf is a record as its line in the journal, which has one form.
func lineOf(r journal.Record) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}
