package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/plate"
	"posteriori/engine/procedure"
)

func newHitUnmaskCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "unmask -p ID [REC:]TRACK",
		Short: "Show the number plate of a validated track",
		Long: `Show the number plate of a track that a person has validated: what was read in
each picture, the votes for each character, and what the forms of plates would
make of it. From then on answers show the plate; everywhere else plates are
masked (rule 10). It takes an officer whose habilitation covers plates. The
journal keeps a commitment to the plate under the procedure's key, not its text.
Rejecting the track masks its plate again.
` + exitStatus,
		Example: `  posteriori hit unmask -p 2026-00123 1:17 --reason "identify the keeper of the vehicle"`,
		Args:    argsBetween(1, 1),
		RunE:    func(c *cobra.Command, args []string) error { return a.hitUnmask(c, args[0]) },
	}
}

// unmasked is what hit unmask shows.
type unmasked struct {
	Recording int64         `json:"recording"`
	Track     int64         `json:"track"`
	Plate     string        `json:"plate"` // what the votes say
	Score     float64       `json:"score"`
	Raw       []rawRead     `json:"raw"`   // what was read, most frequent first
	Reads     []plateRead   `json:"reads"` // each read, by time
	Votes     [][]charVote  `json:"votes"` // for each place, strongest first
	Proposed  []plateSyntax `json:"proposed,omitempty"`
}

type rawRead struct {
	Text     string `json:"text"`
	Pictures int    `json:"pictures"`
}

// plateRead is one reading: what, when, where in the picture, and how sure.
type plateRead struct {
	TUS   int64      `json:"t_us"`
	Box   [4]float64 `json:"box"`   // left, top, width, height in source pixels
	Found float64    `json:"found"` // the plate detector's score
	Text  string     `json:"text"`
	Score float64    `json:"score"`
}

// charVote is the share that a character has at one place; the empty one
// stands for none.
type charVote struct {
	Char  string  `json:"char"`
	Share float64 `json:"share"`
}

// plateSyntax is what a form of plates would make of the votes.
type plateSyntax struct {
	Text    string   `json:"text"`
	Forms   []string `json:"forms"`
	Changed []int    `json:"changed,omitempty"` // places, from 1, at which it departs from the votes
	Score   float64  `json:"score"`
}

func (a *app) hitUnmask(c *cobra.Command, arg string) error {
	ref, err := parseTrackRef(arg)
	if err != nil {
		return err
	}
	var out *unmasked
	err = a.inProcedure(c, journal.Consult, journal.SubUnmask, func(ctx context.Context, _ *engine.Store, act *engine.Act) error {
		out, err = unmaskPlate(ctx, act, ref)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(out, out.write)
}

// unmaskPlate decides, records, and only then unmasks.
func unmaskPlate(ctx context.Context, act *engine.Act, ref trackRef) (*unmasked, error) {
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	rec, err := ref.recording(ctx, ix)
	if err != nil {
		return nil, err
	}
	d := journal.Details{Objects: addTrack(nil, rec, ref.track)}
	act.About(d)
	if _, err := ix.Track(ctx, rec.ID, ref.track, false); err != nil {
		return nil, err
	}
	status, err := statusOf(ctx, ix, rec.ID, ref.track)
	if err != nil {
		return nil, err
	}
	if status != index.StatusValidated {
		return nil, procedure.Refuse("10", fmt.Sprintf("posteriori hit validate %d:%d, once a person has looked at it", rec.ID, ref.track),
			"track %d:%d is %s: only the plate of a validated one may be shown", rec.ID, ref.track, status)
	}
	reg, lattice, err := ix.Registration(ctx, rec.ID, ref.track)
	if err != nil {
		return nil, err
	}
	commitment, err := act.Procedure().CommitPlate(reg.Best)
	if err != nil {
		return nil, err
	}
	d.Query = &journal.Query{Filter: "{}", Commitments: []string{commitment}}
	if err := act.Record(d); err != nil {
		return nil, err
	}
	seq, _ := act.Seq()
	if err := ix.Unmask(ctx, rec.ID, ref.track, act.By(), seq); err != nil {
		return nil, err
	}
	return newUnmasked(reg, lattice), nil
}

func newUnmasked(reg index.Registration, l plate.Lattice) *unmasked {
	out := &unmasked{Recording: reg.Recording, Track: reg.Track, Plate: reg.Best, Score: thousandths(reg.Score)}
	for _, r := range l.Raw() {
		out.Raw = append(out.Raw, rawRead{r.Text, r.N})
	}
	for _, r := range l.Reads {
		out.Reads = append(out.Reads, plateRead{r.TUS, [4]float64{r.Box.X, r.Box.Y, r.Box.W, r.Box.H},
			thousandths(r.Found), r.Text(), thousandths(r.Score())})
	}
	for _, s := range l.Slots {
		out.Votes = append(out.Votes, votesOf(s))
	}
	for _, p := range l.Interpretations() {
		x := plateSyntax{Text: p.Text, Score: thousandths(p.Score)}
		for _, s := range p.Syntaxes {
			x.Forms = append(x.Forms, strings.TrimSpace(s.Country+" "+s.Name))
		}
		for _, i := range p.Changed {
			x.Changed = append(x.Changed, i+1)
		}
		out.Proposed = append(out.Proposed, x)
	}
	return out
}

func thousandths(v float64) float64 { return math.Round(v*1000) / 1000 }

// leastVote is the share below which a vote is not listed.
const leastVote = 0.01

func votesOf(s plate.Slot) (out []charVote) {
	c := s.Char
	for {
		b, share := c.Best()
		if share < leastVote {
			break
		}
		out = append(out, charVote{string(b), thousandths(share)})
		c[plate.Bit(b)] = 0
	}
	if s.None >= leastVote {
		out = append(out, charVote{"", thousandths(s.None)})
	}
	return out
}

func (u *unmasked) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintf(t, "track\t%d:%d\n", u.Recording, u.Track)
	fmt.Fprintf(t, "plate\t%s, score %.2f\n", u.Plate, u.Score)
	for _, r := range u.Raw {
		pictures := "pictures"
		if r.Pictures == 1 {
			pictures = "picture"
		}
		fmt.Fprintf(t, "read\t%s in %d %s\n", r.Text, r.Pictures, pictures)
	}
	for i, votes := range u.Votes {
		var parts []string
		for _, v := range votes {
			name := v.Char
			if name == "" {
				name = "nothing"
			}
			parts = append(parts, fmt.Sprintf("%s %.0f %%", name, 100*v.Share))
		}
		fmt.Fprintf(t, "character %d\t%s\n", i+1, strings.Join(parts, ", "))
	}
	for _, p := range u.Proposed {
		line := p.Text + " as a plate of " + strings.Join(p.Forms, " or ")
		if len(p.Changed) > 0 {
			line += ", against the votes at " + strings.Trim(fmt.Sprint(p.Changed), "[]")
		}
		fmt.Fprintf(t, "proposed\t%s\n", line)
	}
	return t.Flush()
}
