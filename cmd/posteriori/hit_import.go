package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// decisionsSchema names the form of a file of decisions.
const decisionsSchema = "posteriori/decisions/1"

// Bounds of a file of decisions.
const (
	maxDecisionsFile = 16 << 20
	maxDecisions     = 10_000
	maxRemark        = 2000 // characters
)

// decisionsFile is what a review page saves.
type decisionsFile struct {
	Schema    string         `json:"schema"`
	Procedure string         `json:"procedure"`
	PageMade  time.Time      `json:"page_made"`
	Decisions []pageDecision `json:"decisions"`
}

// pageDecision is one decision taken on a review page.
type pageDecision struct {
	Recording int64         `json:"recording"`
	SHA256    string        `json:"sha256"` // of the recording
	Track     int64         `json:"track"`
	Verdict   index.Verdict `json:"verdict"`
	Text      string        `json:"text,omitempty"`
	AtUS      int64         `json:"at_unix_us,omitempty"` // by the page's clock
}

// check tells which act a decision is, or what is wrong with it.
func (d pageDecision) check() (hitVerdict, error) {
	var v hitVerdict
	switch d.Verdict {
	case index.Validated:
		v = hitValidate
	case index.Rejected:
		v = hitReject
	case index.Comment:
		v = hitComment
	default:
		return v, fault.New(fault.BadInput, "a decision is none of validated, rejected, comment")
	}
	switch {
	case d.Recording < 1 || d.Track < 1:
		return v, fault.New(fault.BadInput, "a decision names no track")
	case d.Verdict == index.Comment && d.Text == "":
		return v, fault.New(fault.BadInput, "the comment on %d:%d is empty", d.Recording, d.Track)
	case utf8.RuneCountInString(d.Text) > maxRemark:
		return v, fault.New(fault.BadInput, "the remark on %d:%d is over %d characters", d.Recording, d.Track, maxRemark)
	}
	return v, nil
}

func newHitImportCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import -p ID FILE",
		Short: "Take in the decisions that a review page saved",
		Long: `Take in the decisions that a person took on a page of posteriori review and saved
there. Each is an act of its own in the journal, by who imports it and now: a
page in a folder cannot tell who sat before it. The whole file is read first;
where anything in it is wrong, or a track or recording is not what the page
showed, nothing is taken in.
` + exitStatus,
		Example: `  posteriori hit import -p 2026-00123 decisions-2026-00123.json --reason "review of 4 May"`,
		Args:    argsBetween(1, 1),
		RunE:    func(c *cobra.Command, args []string) error { return a.hitImport(c, args[0]) },
	}
}

func (a *app) hitImport(c *cobra.Command, path string) error {
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	file, err := readDecisions(path)
	if err != nil {
		return err
	}
	if file.Procedure != id {
		return fault.New(fault.BadInput, "the decisions are of another procedure").OnFile(path).WithHint("name their own with -p")
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var done []hitRow
	checked := false
	for _, d := range file.Decisions {
		v, _ := d.check() // readDecisions has
		spec := engine.ActSpec{Procedure: id, Operation: journal.Modify, Sub: v.sub, Reason: a.reason}
		err := store.Do(c.Context(), spec, func(act *engine.Act) error {
			if !checked {
				if err := checkDecisions(c.Context(), act, file.Decisions); err != nil {
					return err
				}
				checked = true
			}
			rows, err := decideHits(c.Context(), store, act, v, d.Text, []trackRef{{rec: strconv.FormatInt(d.Recording, 10), track: d.Track}})
			done = append(done, rows...)
			return err
		})
		if err != nil {
			if len(done) > 0 {
				a.notef("%d of %d decisions were taken in before", len(done), len(file.Decisions))
			}
			return err
		}
	}
	return a.print(done, func(w io.Writer) error {
		for _, r := range done {
			if _, err := fmt.Fprintf(w, "%d:%d %s\n", r.Recording, r.Track, r.Verdict); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "%d decisions taken in\n", len(done))
		return err
	})
}

// readDecisions reads a file of decisions and checks all that can be without the
// index. Mistakes are fault.BadInput.
func readDecisions(path string) (decisionsFile, error) {
	var out decisionsFile
	f, err := os.Open(path)
	if err != nil {
		return out, fault.Wrap(fault.NotFound, err, "it cannot be read").OnFile(path)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxDecisionsFile+1))
	if err != nil {
		return out, fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(path)
	}
	if err := parseDecisions(b, &out); err != nil {
		return out, fault.Wrap(fault.BadInput, err, "it is no file of decisions").OnFile(path).WithHint("a page of posteriori review saves one")
	}
	return out, nil
}

func parseDecisions(b []byte, out *decisionsFile) error {
	if len(b) > maxDecisionsFile {
		return fault.New(fault.BadInput, "it is over %d MiB", maxDecisionsFile>>20)
	}
	if err := decodeStrict(b, out); err != nil {
		return err
	}
	switch {
	case out.Schema != decisionsSchema:
		return fault.New(fault.BadInput, "its form is not %s", decisionsSchema)
	case procedure.CheckID(out.Procedure) != nil:
		return fault.New(fault.BadInput, "it names no procedure")
	case len(out.Decisions) == 0 || len(out.Decisions) > maxDecisions:
		return fault.New(fault.BadInput, "it has %d decisions", len(out.Decisions))
	}
	for _, d := range out.Decisions {
		if _, err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkDecisions looks whether every track is there, in the recording that the
// page showed.
func checkDecisions(ctx context.Context, act *engine.Act, all []pageDecision) error {
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	for _, d := range all {
		rec, err := ix.Recording(ctx, d.Recording)
		if err != nil {
			return err
		}
		if rec.SHA256 != d.SHA256 {
			return fault.New(fault.BadInput, "recording %d is not the one that the page showed", d.Recording)
		}
		if _, err := ix.Track(ctx, d.Recording, d.Track, false); err != nil {
			return err
		}
	}
	return nil
}
