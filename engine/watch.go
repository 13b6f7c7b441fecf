package engine

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/procedure"
)

// Watch stops a long job when it is no longer allowed: when the procedure or
// the register of users changes it asks check, and whether the user may still
// do the act, and cancels the context at a refusal (rules 4 and 5), or when a
// recording's time is over (rule 14): the next act can erase it then. It looks
// once a second, so it needs nothing of the system; and it asks once a minute
// whatever has changed, as a habilitation ends by the clock alone.
//
//	ctx, stop := act.Watch(ctx, procedure.MayAnalyse)
//	err := run(ctx)
//	return stop(err)
//
// Stop must be called. It ends the watching and returns the refusal when that
// is what ended the job, else its argument. A nil check is always content.
func (a *Act) Watch(ctx context.Context, check func(procedure.Document) error) (context.Context, func(error) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	if a.proc == nil {
		return ctx, func(err error) error { cancel(nil); return err }
	}
	w := watcher{act: a, check: check}
	w.changed() // so that the first look is only at what comes after
	refused := w.ask(ctx)
	if refused != nil {
		cancel(refused)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(a.store.poll); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			if !w.changed() && !w.due() {
				continue
			}
			if err := w.ask(ctx); err != nil && ctx.Err() == nil {
				refused = err
				cancel(err)
			}
		}
	}()
	return ctx, func(err error) error {
		cancel(nil)
		<-done
		if refused != nil && err != nil {
			return refused
		}
		return err
	}
}

// watcher notices changes of the two files that an act's permission rests on.
type watcher struct {
	act   *Act
	check func(procedure.Document) error
	seen  [2]os.FileInfo
	asked time.Time
}

// due says whether a minute has passed since the last decision, by the store's
// clock, or whether that was set back.
func (w *watcher) due() bool {
	passed := w.act.store.now().Sub(w.asked)
	return passed < 0 || passed >= time.Minute
}

// changed says whether one of the files is another than at the last call.
func (w *watcher) changed() bool {
	s := w.act.store
	changed := false
	for i, path := range []string{filepath.Join(s.procedureDir(w.act.proc.Doc.ID), procedureFile), filepath.Join(s.dir, usersFile)} {
		now, err := os.Stat(path)
		if err != nil {
			now = nil
		}
		old := w.seen[i]
		if (old == nil) != (now == nil) || now != nil &&
			(!os.SameFile(old, now) || !old.ModTime().Equal(now.ModTime()) || old.Size() != now.Size()) {
			changed = true
		}
		w.seen[i] = now
	}
	return changed
}

// ask decides anew.
func (w *watcher) ask(ctx context.Context) error {
	s := w.act.store
	w.asked = s.now()
	p, err := s.OpenProcedure(w.act.proc.Doc.ID)
	if err != nil {
		return err
	}
	if w.check != nil {
		if err := w.check(p.Doc); err != nil {
			return err
		}
	}
	if err := checkOverdue(p.Doc, s.now()); err != nil {
		return err
	}
	r, err := s.Users(ctx)
	if err != nil {
		return err
	}
	u, err := r.Acting(s.who())
	if err != nil {
		return err
	}
	return access.Check(u, w.act.spec.Sub, &p.Doc, s.now())
}
