package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"posteriori/engine"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

const (
	journalMillion  = 1_000_000
	journalAppends  = 20_000
	journalAtOnce   = 256
	journalWriters  = 4
	journalRounds   = 3
	journalOpens    = 51
	journalFillers  = 4096
	journalOrigin   = "posteriori/bench/procedure/BENCH-1"
	goalAppends     = "2000"
	goalVerify      = "10"
	goalOfTheIssue  = "goal of the project"
	journalSourceOf = "record of a query, about 1 kB; each durable when Append returns"
)

// journalSuite measures appending to the journal, and opening and verifying
// one of a million records.
func journalSuite(ctx context.Context, e *env) ([]figure, error) {
	out, err := journalAppendFigures(ctx, e)
	if err != nil {
		return out, err
	}
	acts, err := journalActsFigure(ctx, e)
	if err != nil {
		return out, err
	}
	out = append(out, acts)
	big, err := journalOfAMillion(ctx, e)
	if err != nil {
		return out, err
	}
	opened, err := journalOpenFigure(big)
	if err != nil {
		return out, err
	}
	verified, err := journalVerifyFigure(ctx, big)
	if err != nil {
		return append(out, opened), err
	}
	return append(out, opened, verified), nil
}

// benchJournal is a journal with the key that it was made with.
type benchJournal struct {
	dir string
	key journal.Key
}

func newBenchJournal(dir string) (benchJournal, error) {
	key, err := journal.NewKey("bench")
	if err != nil {
		return benchJournal{}, err
	}
	log, err := journal.Create(dir, journalOrigin, key, journal.Options{Clock: "bench"})
	if err != nil {
		return benchJournal{}, err
	}
	return benchJournal{dir, key}, log.Close()
}

func (b benchJournal) open() (*journal.Log, error) {
	return journal.Open(b.dir, b.key, journal.Options{Clock: "bench"})
}

// fill appends n records from so many goroutines over so many open journals,
// which lock each other out as processes do.
func (b benchJournal) fill(ctx context.Context, n, logs, goroutines int) (time.Duration, error) {
	var open []*journal.Log
	defer func() {
		for _, l := range open {
			l.Close()
		}
	}()
	for range logs {
		l, err := b.open()
		if err != nil {
			return 0, err
		}
		open = append(open, l)
	}
	return atOnce(ctx, n, goroutines, func(i int) error {
		_, err := open[i%logs].Append(benchRecord())
		return err
	})
}

func benchRecord() journal.Record {
	n := int64(42)
	sha := strings.Repeat("5a", 32)
	return journal.Record{
		Operation: journal.Consult, Sub: journal.SubQuery, Outcome: journal.OK, Reason: "benchmark (made up)",
		Person:    journal.Person{Account: "opj", UID: "1000", Matricule: "000000", Quality: "OPJ", Service: "benchmark", Habilitation: "H-1"},
		Procedure: &journal.Case{ID: procedureID, Frame: "flagrance", Authorisation: "deemed"},
		Details: journal.Details{
			Objects: []journal.Object{{Kind: "recording", ID: "1", SHA256: sha, Camera: "camera 1"}},
			Query:   &journal.Query{Filter: `{"class":["car"],"colour":["red"]}`, Thresholds: map[string]float64{"score": .25}, Results: &n},
		},
		Build: journal.Build{Version: "bench", SHA256: sha}, Host: "bench",
	}
}

func journalAppendFigures(ctx context.Context, e *env) ([]figure, error) {
	var out []figure
	for _, c := range []struct {
		name             string
		n, logs, at      int
		reference, where string
	}{
		{"append, one act after the other", 500, 1, 1, "", ""},
		{fmt.Sprintf("append, %d acts at once", journalAtOnce), journalAppends, 1, journalAtOnce, goalAppends, goalOfTheIssue},
		{fmt.Sprintf("append, %d acts at once over %d writers that lock each other out", journalAtOnce, journalWriters), journalAppends, journalWriters, journalAtOnce, goalAppends, goalOfTheIssue},
	} {
		var rates []float64
		for range journalRounds {
			dir, err := os.MkdirTemp(e.out, "journal-")
			if err != nil {
				return out, err
			}
			defer os.RemoveAll(dir)
			b, err := newBenchJournal(filepath.Join(dir, "journal"))
			if err != nil {
				return out, err
			}
			took, err := b.fill(ctx, c.n, c.logs, c.at)
			if err != nil {
				return out, err
			}
			rates = append(rates, float64(c.n)/took.Seconds())
		}
		out = append(out, figure{c.name, median(rates), "records/s", c.reference, c.where,
			fmt.Sprintf("%d records, median of %d; %s", c.n, journalRounds, journalSourceOf)})
	}
	return out, nil
}

// journalActsFigure measures whole acts, with the user, the procedure and the
// habilitation looked at each time, that are done at once in one open store.
func journalActsFigure(ctx context.Context, e *env) (figure, error) {
	const acts = 5000
	var rates []float64
	for range journalRounds {
		dir, err := os.MkdirTemp(e.out, "journal-")
		if err != nil {
			return figure{}, err
		}
		defer os.RemoveAll(dir)
		s, err := engine.Init(filepath.Join(dir, "store"), engine.InitOptions{Demo: true, Reason: "benchmark"})
		if err != nil {
			return figure{}, err
		}
		_, err = s.CreateProcedure(ctx, "benchmark", procedure.Document{ID: procedureID, Frame: procedure.Flagrance, Offence: "vol",
			Imprisonment: true, Service: "benchmark", Parquet: "1"})
		if err != nil {
			return figure{}, err
		}
		spec := engine.ActSpec{Procedure: procedureID, Operation: journal.Consult, Sub: journal.SubQuery, Reason: "benchmark (made up)"}
		details := benchRecord().Details
		took, err := atOnce(ctx, acts, journalAtOnce, func(int) error {
			return s.Do(ctx, spec, func(a *engine.Act) error { return a.Record(details) })
		})
		if err != nil {
			return figure{}, err
		}
		rates = append(rates, acts/took.Seconds())
	}
	return figure{fmt.Sprintf("acts of one store, %d at once", journalAtOnce), median(rates), "acts/s", goalAppends, goalOfTheIssue,
		fmt.Sprintf("%d acts, each with user, procedure and habilitation read and checked and its record durable; median of %d", acts, journalRounds)}, nil
}

// atOnce calls do n times from so many goroutines, each with its own number.
func atOnce(ctx context.Context, n, goroutines int, do func(i int) error) (time.Duration, error) {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, goroutines)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil && errs[i] == nil {
				errs[i] = do(i)
			}
		})
	}
	wg.Wait()
	return time.Since(start), errors.Join(append(errs, ctx.Err())...)
}

// journalOfAMillion makes the large journal once and keeps it with its key.
func journalOfAMillion(ctx context.Context, e *env) (benchJournal, error) {
	home := filepath.Join(e.out, "journal-million")
	keyFile := filepath.Join(home, "journal.key")
	b := benchJournal{dir: filepath.Join(home, "journal")}
	if private, err := os.ReadFile(keyFile); err == nil {
		public, err := os.ReadFile(filepath.Join(home, "journal.pub"))
		b.key = journal.Key{Private: string(private), Public: string(public)}
		return b, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	e.note("  writing a journal of %d records (once)", journalMillion)
	if err := os.RemoveAll(home); err != nil {
		return b, err
	}
	b, err := newBenchJournal(b.dir)
	if err != nil {
		return b, err
	}
	if _, err := b.fill(ctx, journalMillion, 1, journalFillers); err != nil {
		return b, err
	}
	if err := os.WriteFile(filepath.Join(home, "journal.pub"), []byte(b.key.Public), 0o600); err != nil {
		return b, err
	}
	return b, os.WriteFile(keyFile, []byte(b.key.Private), 0o600) // last: it says that the rest is whole
}

func journalOpenFigure(b benchJournal) (figure, error) {
	var took []float64
	for range journalOpens {
		start := time.Now()
		l, err := b.open()
		if err != nil {
			return figure{}, err
		}
		took = append(took, float64(time.Since(start).Microseconds())/1000)
		l.Close()
	}
	return figure{"open", median(took), "ms", "", "", fmt.Sprintf("a journal of %d records, median of %d", journalMillion, journalOpens)}, nil
}

func journalVerifyFigure(ctx context.Context, b benchJournal) (figure, error) {
	var took []float64
	for range journalRounds {
		start := time.Now()
		r, err := journal.VerifyDir(ctx, b.dir, b.key.Public, journal.Check{Origin: journalOrigin})
		if err == nil {
			err = r.Err()
		}
		if err == nil && r.Records != journalMillion {
			err = fmt.Errorf("%d records verified", r.Records)
		}
		if err != nil {
			return figure{}, err
		}
		took = append(took, time.Since(start).Seconds())
	}
	return figure{"verify", median(took), "s", goalVerify, goalOfTheIssue,
		fmt.Sprintf("%d records: each leaf, each place, each root, the tree and the checkpoint; %d processors, median of %d", journalMillion, runtime.GOMAXPROCS(0), journalRounds)}, nil
}
