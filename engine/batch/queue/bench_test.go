package queue

import (
	"context"
	"testing"

	"posteriori/testdata/postgres"
)

// BenchmarkCoordinator is what a coordinator asks of the database, with a
// thousand tasks of its own in it: the constants of package batch's plan.
func BenchmarkCoordinator(b *testing.B) {
	s := postgres.New(b)
	q, err := OpenShared(b.Context(), s.URL, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	if err := q.Begin(b.Context(), runA); err != nil {
		b.Fatal(err)
	}
	var ids []int64
	for n := range 1000 {
		id, err := q.Put(b.Context(), taskOf(runA, n, 2))
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, id)
	}
	n := 1000
	for name, f := range map[string]func(context.Context) error{
		"put":   func(ctx context.Context) error { n++; _, err := q.Put(ctx, taskOf(runA, n, 2)); return err },
		"ended": func(ctx context.Context) error { _, err := q.Ended(ctx, ids); return err },
		"mend":  func(ctx context.Context) error { _, err := q.Mend(ctx, ids); return err },
		"beat":  func(ctx context.Context) error { _, err := q.Beat(ctx, runA); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
