package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posteriori/testdata/postgres"
	"posteriori/testdata/scene"
)

// faultsSuite measures what is lost when processes die at random moments, and
// what hostile files do. Both are counts that must be nought. A full run may
// take several sittings: see [tally].
func faultsSuite(ctx context.Context, e *env) ([]figure, error) {
	t := &tally{}
	if e.full {
		var err error
		if t, err = openTally(filepath.Join(e.root, "bench", tallyName), e.part, e.anew); err != nil {
			return nil, err
		}
	}
	if e.within > 0 {
		var enough context.CancelFunc
		ctx, enough = context.WithTimeoutCause(ctx, e.within, errEnough)
		defer enough()
	}
	var out []figure
	for _, part := range []struct {
		name    string
		run     func(context.Context, *env, *tally) error
		figures func(*tally) []figure
	}{{partKills, killFaults, killFigures}, {partMedia, mediaFaults, mediaFigures}} {
		var err error
		if e.part == "" || e.part == part.name {
			err = errors.Join(part.run(ctx, e, t), t.reload())
		}
		out = append(out, part.figures(t)...) // of what was done until it broke off
		if err != nil && context.Cause(ctx) != errEnough {
			return out, err
		}
	}
	if !e.full {
		return out, fmt.Errorf("%w: a short run, whose figures are not kept; FULL=1 does all of it, in sittings", errNoData)
	}
	return out, nil
}

// The kills of a run, and of a round: one recording analysed to its end.
const (
	killsDefault  = 40
	killsFull     = 500
	killsOfARound = 8
	roundLimit    = 15 * time.Minute // ten times what it takes on a busy machine
)

// victims are the processes that are killed, by the name that the kernel has.
var victims = []string{"posteriori", "posteriori-work", "ffmpeg"}

// Of a batch on many machines these can be killed, too.
const (
	aMachine  = "machine"
	aDatabase = "postgres"
)

// broken is one series of kills.
type broken struct {
	e     *env
	clip  string
	rng   *rand.Rand
	modes []mode
	now   *mode // of the round
	fleet *fleet
	*killSitting
}

// mode is a way to have recordings analysed: posteriori analyse, a batch, or a
// batch on many machines.
type mode struct {
	batch    bool
	machines bool
	manifest string
	want     string        // the canonical export of the unbroken run
	took     time.Duration // that one
}

// prepare does what comes before the first run of the program.
func (m *mode) prepare(ctx context.Context, p *program, clip string) error {
	if m.batch {
		return nil // which imports, too
	}
	_, err := p.run(ctx, "import", "--exhibit", "S1", "--basis", "seizure", "--camera", "C", "--chunk", "5s", clip)
	return err
}

func (m *mode) args(ctx context.Context, p *program) []string {
	args := []string{"analyse"}
	if m.batch {
		args = []string{"batch", "run", m.manifest}
		if _, err := p.run(ctx, "batch", "status"); err == nil { // else it was killed before there was one
			args = []string{"batch", "resume"}
		}
	}
	return append(args, "--detector", "none", "--workers", "2")
}

// undisturbed notes that a whole run took so long: the machine may have become
// quicker since the first, and moments are to lie within a run.
func (m *mode) undisturbed(took time.Duration) { m.took = min(m.took, (m.took+took)/2) }

// unbroken is one run that nothing disturbs.
func (b *broken) unbroken(ctx context.Context, m *mode) error {
	b.now = m
	p, err := b.store(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	if m.machines {
		if err := b.fleet.start(ctx); err != nil {
			return err
		}
		defer b.fleet.stop()
	}
	args := m.args(ctx, p)
	began := time.Now()
	if _, err := p.run(ctx, args...); err != nil {
		return err
	}
	m.took = time.Since(began)
	m.want, err = canonical(ctx, p)
	return err
}

// prepare makes the recordings, and has them analysed in each mode once. Where
// there is no Postgres many machines are left out.
func (b *broken) prepare(ctx context.Context) error {
	s, err := scene.New("street", 320, 180, 7)
	if err != nil {
		return err
	}
	b.clip = filepath.Join(b.e.out, "faults-street.mp4")
	if err := s.Encode(ctx, b.clip, scene.Encoding{GOP: 25}); err != nil {
		return err
	}
	alone := mode{batch: true, manifest: filepath.Join(b.e.out, "faults-manifest.yaml")}
	if err := writeManifest(alone.manifest, b.clip); err != nil {
		return err
	}
	b.modes = []mode{{}, alone}
	if b.fleet, err = newFleet(ctx, b.e, b.clip); err == nil {
		b.modes = append(b.modes, mode{batch: true, machines: true, manifest: b.fleet.manifest})
	} else if !errors.Is(err, postgres.ErrMissing) {
		return err
	}
	for i := range b.modes {
		if err := b.unbroken(ctx, &b.modes[i]); err != nil {
			return err
		}
	}
	return nil
}

// killFaults kills coordinator, worker and FFmpeg, machines and Postgres, with
// SIGKILL at random moments of an analysis, which is begun again where the
// coordinator died. At the end of each round the index must be the unbroken one.
func killFaults(ctx context.Context, e *env, t *tally) error {
	total, before := killsDefault, t.kills().kills()
	if e.full {
		total = killsFull
	}
	if before >= total {
		return nil
	}
	// Moments are others in each sitting.
	b := &broken{e: e, rng: rand.New(rand.NewPCG(7, uint64(before))), killSitting: &killSitting{sitting: e.sitting(), Killed: map[string]int{}}}
	defer func() { b.fleet.close() }()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	b.Machines = b.fleet != nil
	t.Kills = append(t.Kills, b.killSitting)
	for before+b.kills() < total {
		b.now = &b.modes[b.Rounds%len(b.modes)]
		round := b.round
		if b.now.machines {
			round = b.machinesRound
		}
		in, stop := context.WithTimeoutCause(ctx, roundLimit, fmt.Errorf("a round hangs: it has not ended within %v", roundLimit))
		err := round(in, min(killsOfARound, total-before-b.kills()))
		why := context.Cause(in)
		if stop(); err != nil {
			return errors.Join(err, why)
		}
		b.Rounds++
		if err := t.save(); err != nil {
			return err
		}
		e.note("  %d of %d kills in %d rounds (%v), %d indexes differ", before+b.kills(), total, b.Rounds, b.Killed, b.Differ)
	}
	return nil
}

// killFigures are the counts of what was done so far.
func killFigures(t *tally) []figure {
	b := t.kills()
	if b.kills() == 0 {
		return nil
	}
	note := fmt.Sprintf("SIGKILL at random moments of analyse (8 chunks), of batch run (import and analysis), and of batch run on 2 machines, in turn: %d coordinators, %d workers, %d FFmpeg, %d machines, %d Postgres with all its processes; %d rounds to their end, %d runs; %s",
		b.Killed["posteriori"], b.Killed["posteriori-work"], b.Killed["ffmpeg"], b.Killed[aMachine], b.Killed[aDatabase], b.Rounds, b.Runs, sittings(t.Kills))
	if !b.Machines {
		note += "; no Postgres here: no machines"
	}
	return []figure{
		{Name: "kills", Value: float64(b.kills()), Reference: strconv.Itoa(killsFull), Source: "goal of the project", Note: note},
		nought("kills, indexes that differ from the unbroken one", b.Differ, "tracks with paths, and coverage, as JSON, byte for byte"),
		nought("kills, records lost", b.Lost, "runs of analyse whose workers had begun and that the journal does not have; of a batch, files without a record of their import or of an analysis"),
		nought("kills, records twice", b.Twice, "runs of analyse that the journal has more than once; of a batch, imports"),
		nought("kills, journals that do not verify", b.Unverified, "after each round"),
		nought("kills, files left in the spool", b.Left, "after each round on machines"),
	}
}

// nought is a figure that must be 0.
func nought(name string, n int, note string) figure {
	return figure{Name: name, Value: float64(n), Reference: "0", Source: "goal of the project", Note: note}
}

// store is a fresh one, as the round's mode wants it.
func (b *broken) store(ctx context.Context) (*program, error) {
	p, err := emptyProgram(ctx, b.e)
	if err != nil {
		return nil, err
	}
	if b.now.machines {
		p.env = append(p.env, b.fleet.env...)
	}
	if err := b.now.prepare(ctx, p, b.clip); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// canonical is what the index holds, in the form in which two of them can be
// compared: the numbers of recordings are the order of their imports, so they
// stand by hash, and in its order.
func canonical(ctx context.Context, p *program) (string, error) {
	raw, err := p.run(ctx, "query", "--format", "json", "--paths")
	if err != nil {
		return "", err
	}
	var v struct {
		Results int `json:"results"`
		Scope   struct {
			Recordings []map[string]any `json:"recordings"`
		} `json:"scope"`
		Tracks []map[string]any `json:"tracks"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	if len(v.Tracks) == 0 {
		return "", fmt.Errorf("the index holds hardly anything: %s", raw)
	}
	names := map[any]any{}
	for _, t := range v.Tracks {
		names[t["recording"]] = t["sha256"]
	}
	var lines []string
	for _, list := range [][]map[string]any{v.Tracks, v.Scope.Recordings} {
		for _, o := range list {
			o["recording"] = names[o["recording"]]
			line, err := json.Marshal(o) // keys in order
			if err != nil {
				return "", err
			}
			lines = append(lines, string(line))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s", v.Results, strings.Join(lines, "\n")), nil
}

// round kills so many times, then lets the analysis come to its end.
func (b *broken) round(ctx context.Context, kills int) error {
	p, err := b.store(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	done := 0
	for {
		// A chunk whose worker breaks off twice is given up, which is no fault of
		// ours: one worker or FFmpeg dies in a run, coordinators as it comes.
		before, err := analyses(p)
		if err != nil {
			return err
		}
		began := time.Now()
		run, err := b.run(ctx, p, done < kills)
		if err != nil {
			return err
		}
		if done+run.kills == 0 {
			b.now.undisturbed(time.Since(began))
		}
		b.Runs++
		done += run.kills
		after, err := analyses(p)
		if err != nil {
			return err
		}
		switch n := after - before; {
		case b.now.batch: // a run of one may have nothing left to analyse: see counted
		case n > 1:
			b.Twice += n - 1
		case n == 0 && run.worked:
			b.Lost++
		}
		if run.ended { // before the last kill, it may be: all that is done stays done
			break
		}
	}
	if b.now.batch {
		if err := b.counted(p, 1); err != nil {
			return err
		}
	}
	return b.judge(ctx, p)
}

// counted looks whether the journal has the import of each file of a batch once,
// and an analysis of each.
func (b *broken) counted(p *program, files int) error {
	imports, err := recorded(p, "import")
	if err != nil {
		return err
	}
	analysed, err := analyses(p)
	b.Lost += max(0, files-imports) + max(0, files-analysed)
	b.Twice += max(0, imports-files)
	return err
}

// judge compares what a round has left with the unbroken run.
func (b *broken) judge(ctx context.Context, p *program) error {
	got, err := canonical(ctx, p)
	if err != nil {
		return err
	}
	if got != b.now.want {
		b.Differ++
		b.e.note("  differs: %s", difference(b.now.want, got))
	}
	if _, err := p.run(ctx, "journal", "verify"); err != nil && ctx.Err() == nil {
		b.Unverified++
		b.e.note("  %v", err)
	}
	return ctx.Err()
}

// difference is where two texts part.
func difference(want, got string) string {
	n := 0
	for n < len(want) && n < len(got) && want[n] == got[n] {
		n++
	}
	from := max(0, n-60)
	return fmt.Sprintf("…%s… want …%s", got[from:min(len(got), n+60)], want[from:min(len(want), n+60)])
}

// analyses counts the records of analyses in the journal.
func analyses(p *program) (int, error) { return recorded(p, "analyse") }

// recorded counts the records of acts of one kind that were done.
func recorded(p *program, sub string) (int, error) {
	b, err := os.ReadFile(filepath.Join(p.store, "procedures", procedureID, "journal", "entries"))
	return bytes.Count(b, fmt.Appendf(nil, `"sub":%q,"outcome":"ok"`, sub)), err
}

// outcome is what became of one run of the program.
type outcome struct {
	ended  bool // by itself
	worked bool // a worker had begun on a chunk
	kills  int
}

// run runs the analysis and kills in it.
func (b *broken) run(ctx context.Context, p *program, kill bool) (o outcome, err error) {
	cmd := exec.CommandContext(ctx, p.bin, b.now.args(ctx, p)...)
	cmd.Env = p.env
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return o, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	spared := false // one worker or FFmpeg was killed already
	for {
		var moment <-chan time.Time
		victim := victims[b.rng.IntN(len(victims))]
		if spared {
			victim = victims[0]
		}
		if kill {
			moment = time.After(b.moment())
		}
		select {
		case err := <-ended:
			if err != nil && o.kills > 0 && (strings.Contains(said.String(), "run the same command again") || strings.Contains(said.String(), "goes on")) {
				return o, ctx.Err() // the worker that was asked what it is: nothing had begun
			}
			if o.ended, o.worked = true, true; err != nil {
				return o, fmt.Errorf("posteriori: %w\n%s", err, tail(said.String()))
			}
			return o, ctx.Err()
		case <-moment:
		}
		o.worked = o.worked || reads(below(cmd.Process.Pid, "ffmpeg"), b.clip)
		pids := below(cmd.Process.Pid, victim)
		if len(pids) == 0 {
			b.Missed++
			continue
		}
		if err := syscall.Kill(pids[b.rng.IntN(len(pids))], syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return o, err
		}
		b.Killed[victim]++
		o.kills++
		if victim == victims[0] {
			<-ended
			return o, ctx.Err()
		}
		spared = true
	}
}

// reads tells whether one of the processes was started on a file: a worker also
// asks FFmpeg its version, before anything is recorded.
func reads(pids []int, file string) bool {
	for _, pid := range pids {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte(file)) {
			return true
		}
	}
	return false
}
