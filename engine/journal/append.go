package journal

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// Bounds of what is written behind the checkpoint at once.
const (
	maxGroup      = 4096    // records
	maxGroupBytes = 4 << 20 // bytes after which no further record joins
)

// queue holds the records that wait for the disk. Whoever gets the log's lock
// next writes all of them with one set of waits (group commit).
type queue struct {
	mu      sync.Mutex
	waiting []*waiter
}

// waiter is one call of Append. Done, seq and err are guarded by the log's mu.
type waiter struct {
	record Record
	seq    int64
	err    error
	done   bool
}

func (q *queue) add(w *waiter) {
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
}

// take removes the first records, at most maxGroup.
func (q *queue) take() []*waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxGroup)
	group := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return group
}

// Append seals r as the next record and returns its number. When it returns
// without error the record is on the disk and covered by the checkpoint; when
// it fails nothing of it stays (but for a disk that fails at the very last wait,
// when the record may). Calls made at once share their waits for the disk. It fails with fault.NoSpace when the folder cannot be written and
// fault.Integrity when the journal was tampered with.
func (l *Log) Append(r Record) (int64, error) {
	if err := r.check(); err != nil {
		return 0, fault.Wrap(fault.Internal, err, "the act cannot be recorded").UnderRule(ruleJournal)
	}
	w := &waiter{record: r}
	l.queue.add(w)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !w.done {
		l.commit(l.queue.take())
	}
	return w.seq, w.err
}

// commit writes the records of a group, or says to each why not.
func (l *Log) commit(group []*waiter) {
	err := l.begin()
	if err == nil {
		defer unlockFile(l.lock)
	}
	for len(group) > 0 && err == nil {
		b := l.gather(group)
		if len(b.lines) > 0 {
			werr := writeFault(l.dir, l.write(b))
			b.settle(werr)
			if werr == nil {
				l.recovered = nil
			}
		}
		group = group[b.took:]
	}
	for _, w := range group {
		w.done, w.err = true, err
	}
}

// begin takes the lock and brings the state up to date; it gives the lock back
// when it fails.
func (l *Log) begin() error {
	if err := l.takeTurn(); err != nil {
		return err
	}
	err := l.load()
	if err == nil {
		var found *Recovery
		if found, err = l.mend(); found != nil {
			l.recovered = found
		}
		err = writeFault(l.dir, err)
	}
	if err != nil {
		unlockFile(l.lock)
	}
	return err
}

// takeTurn takes the lock. A process with much to write asks for it again as soon
// as it has given it back, sooner than those who wait can look; so whoever waits
// holds the turn meanwhile, which all others, the last writer too, must get first.
func (l *Log) takeTurn() error {
	if l.turn != nil {
		if err := lockFile(context.Background(), l.turn, true); err != nil {
			return err
		}
		defer unlockFile(l.turn)
	}
	return lockFile(context.Background(), l.lock, true)
}

// batch is what goes to the disk at once.
type batch struct {
	took    int       // waiters that were looked at
	members []*waiter // those whose records are in it
	lines   []byte
	nodes   []tlog.Hash
	edge    edge
	last    tip
}

// gather seals records one after the other, until there is enough for one
// write. One that cannot be sealed is told so and left out.
func (l *Log) gather(group []*waiter) *batch {
	recovered := l.recovered
	b := &batch{edge: l.edge.clone(), last: l.last}
	for _, w := range group {
		b.took++
		line, err := l.line(w.record, b, recovered)
		if err != nil {
			w.done, w.err = true, fault.Wrap(fault.Internal, err, "the act cannot be recorded").UnderRule(ruleJournal)
			continue
		}
		recovered = nil
		w.seq = b.edge.size
		b.members = append(b.members, w)
		b.nodes = append(b.nodes, b.edge.push(tlog.RecordHash(line))...)
		b.lines = append(append(b.lines, line...), '\n')
		if len(b.lines) >= maxGroupBytes {
			break
		}
	}
	return b
}

// line is the sealed line of r as the next after b.
func (l *Log) line(r Record, b *batch, recovered *Recovery) ([]byte, error) {
	now := l.opts.Now()
	r.Schema, r.Log, r.Seq, r.Root = Schema, l.at.Origin, b.edge.size, b.edge.root()
	r.TimeUTC, r.TimeLocal = now.UTC().Format(timeUTC), now.Format(timeLocal)
	r.Clock, r.ClockBack = l.opts.Clock, clockBack(b.last.time, now)
	r.Recovered, r.Sealed = recovered, carry(b.last.sealed, r.Sealed)
	line, err := seal(r, l.signer.Sign)
	if err == nil {
		b.last = tip{now, r.Sealed}
	}
	return line, err
}

// carry is what is sealed after a record that sets what stands in changed.
func carry(sealed, changed map[string]string) map[string]string {
	if len(changed) == 0 {
		return sealed
	}
	next := maps.Clone(changed)
	for name, sum := range sealed {
		if _, set := next[name]; !set {
			next[name] = sum
		}
	}
	return next
}

// settle tells the members of a batch what became of it.
func (b *batch) settle(err error) {
	for _, w := range b.members {
		w.done, w.err = true, err
		if err != nil {
			w.seq = 0
		}
	}
}

// write puts a batch behind the checkpoint and moves that over it.
func (l *Log) write(b *batch) error {
	next := Checkpoint{Origin: l.at.Origin, Size: b.edge.size, Root: b.edge.root(), Bytes: l.at.Bytes + int64(len(b.lines))}
	signed, err := next.Sign(l.signer)
	if err != nil {
		return err
	}
	err = l.disk.put(l.path(filePending), signed, 0, true)
	if err == nil {
		err = l.disk.put(l.path(fileEntries), b.lines, l.at.Bytes, false)
	}
	if err == nil {
		err = l.disk.put(l.path(fileHashes), pack(b.nodes), hashBytes(l.at.Size), false)
	}
	if err == nil {
		err = l.disk.rename(l.path(filePending), l.path(fileCheckpoint))
	}
	if err != nil {
		return errors.Join(err, l.undo())
	}
	l.seen, l.at, l.edge, l.last = signed, next, b.edge, b.last
	return l.disk.syncDir(l.dir)
}

// hashBytes is the length of the stored hashes of a tree of n records.
func hashBytes(n int64) int64 { return tlog.StoredHashCount(n) * tlog.HashSize }

// undo cuts entries and hashes back to the checkpoint. The pending file goes
// last: while it is there, what it left is explained.
func (l *Log) undo() error {
	if err := l.disk.cut(l.path(fileEntries), l.at.Bytes); err != nil {
		return err
	}
	if err := l.disk.cut(l.path(fileHashes), hashBytes(l.at.Size)); err != nil {
		return err
	}
	err := l.disk.remove(l.path(filePending))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
