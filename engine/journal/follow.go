package journal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// chunk is a run of lines that is checked in two steps, both on any processor:
// hashed looks at each line alone, placed holds them against the tree of those
// before them. In between the leaves are pushed in order, which is cheap: the
// root before each record, which it must name, is what takes the time.
type chunk struct {
	text           []byte
	lines          []chunkLine
	start, end     edge   // the tree before and after the lines
	stored         []byte // their nodes as the tree's file has them, as far as it does
	hashed, placed chan struct{}
}

// chunkLine is a line with what was found out about it.
type chunkLine struct {
	entryLine
	leaf  tlog.Hash
	wrong string // why it is not the record of its place
	nodes string // why the tree's file does not fit it
}

// edgeAt is the tree before the i-th line.
func (c *chunk) edgeAt(i int) edge {
	e := c.start.clone()
	var nodes []tlog.Hash
	for _, line := range c.lines[:i] {
		nodes = e.grow(nodes[:0], line.leaf)
	}
	return e
}

// hash is the first step.
func (v *verifier) hash(c *chunk) {
	for i := range c.lines {
		line := &c.lines[i]
		line.leaf = tlog.RecordHash(line.data)
		switch {
		case line.torn:
			line.wrong = "it is cut off"
		case v.signatures:
			line.wrong = v.unsigned(line.data)
		}
	}
}

// unsigned says what is wrong with a line's signature, or nothing.
func (v *verifier) unsigned(line []byte) string {
	body, sig, err := split(line)
	if err != nil {
		return "it is altered: " + err.Error()
	}
	if !v.key.Verify(signed(body), sig) {
		return "it is altered or not signed by this key: its signature does not match"
	}
	return ""
}

// place is the second step; it ends at the first line that is wrong.
func (v *verifier) place(c *chunk) {
	e, stored := c.start.clone(), c.stored
	var p place
	var nodes []tlog.Hash
	for i := range c.lines {
		line := &c.lines[i]
		if line.wrong != "" {
			return
		}
		if root := e.root(); !p.fits(line.data, v.report.Origin, line.seq, root) {
			line.wrong = misplaced(line.data, v.report.Origin, line.seq, root)
			return
		}
		nodes = e.grow(nodes[:0], line.leaf)
		for _, h := range nodes {
			if line.nodes != "" {
				break
			}
			if len(stored) < tlog.HashSize {
				line.nodes = "its hashes are missing from the tree"
				break
			}
			if !bytes.Equal(stored[:tlog.HashSize], h[:]) {
				line.nodes = "its hashes in the tree were altered"
			}
			stored = stored[tlog.HashSize:]
		}
	}
}

// follow reads the first limit lines of the entries, has them checked on all
// processors, and hands them to use in order until it returns false.
func (v *verifier) follow(ctx context.Context, limit int64, use func(*chunk) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	jobs := make(chan func())
	hashing, placing := make(chan *chunk, 2*workers), make(chan *chunk, 2*workers)
	var hands, stages sync.WaitGroup
	defer hands.Wait()
	defer close(jobs)
	defer stages.Wait()
	defer cancel()
	for range workers {
		hands.Go(func() {
			for job := range jobs {
				job()
			}
		})
	}
	do := func(c *chunk, next chan<- *chunk, job func()) bool {
		select {
		case next <- c:
		case <-ctx.Done():
			return false
		}
		select {
		case jobs <- job:
			return true
		case <-ctx.Done():
			return false
		}
	}
	var rerr error // read once placing is closed
	stages.Go(func() {
		defer close(hashing)
		rerr = readChunks(ctx, v.fsys, limit, func(c *chunk) bool {
			return do(c, hashing, func() { v.hash(c); close(c.hashed) })
		})
	})
	stages.Go(func() {
		defer close(placing)
		var e edge
		var nodes []tlog.Hash
		for c := range hashing {
			if !wait(ctx, c.hashed) {
				return
			}
			c.start = e.clone()
			for _, line := range c.lines {
				nodes = e.grow(nodes[:0], line.leaf)
			}
			c.end = e.clone()
			c.stored = v.tree.read(hashBytes(c.end.size) - hashBytes(c.start.size))
			if !do(c, placing, func() { v.place(c); close(c.placed) }) {
				return
			}
		}
	})
	for c := range placing {
		if !wait(ctx, c.placed) {
			break
		}
		if !use(c) {
			return nil
		}
		texts.Put(&c.text)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return rerr
}

// wait waits for a step; false means that ctx ended first.
func wait(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// chunkBytes is what is read of the entries at once.
const chunkBytes = 256 << 10

// texts are buffers of chunks that were used.
var texts = sync.Pool{New: func() any { b := make([]byte, chunkBytes); return &b }}

// readChunks cuts the entries into chunks until hand returns false. What no
// line feed ends, or is too long for a record, is handed on as torn.
func readChunks(ctx context.Context, fsys fs.FS, limit int64, hand func(*chunk) bool) error {
	f, err := fsys.Open(fileEntries)
	if err != nil {
		return err
	}
	defer f.Close()
	var rest []byte // the start of a line
	for seq := int64(0); seq < limit && ctx.Err() == nil; {
		text := *texts.Get().(*[]byte)
		text = text[:cap(text)]
		if want := len(rest) + chunkBytes; len(text) < want {
			text = make([]byte, max(want, 2*len(rest)))
		}
		n := copy(text, rest)
		read, err := io.ReadFull(f, text[n:])
		over := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !over {
			return err
		}
		text = text[:n+read]
		whole := bytes.LastIndexByte(text, '\n') + 1
		torn := over || whole == 0 && len(text) > MaxRecord
		if whole == 0 && !torn {
			rest = text
			continue
		}
		c := cut(text, whole, torn, seq, limit)
		rest = bytes.Clone(text[whole:])
		seq += int64(len(c.lines))
		if len(c.lines) > 0 && !hand(c) || torn {
			return nil
		}
	}
	return nil
}

// cut makes a chunk of the lines of text, whose first is number seq; what
// follows the whole ones is a line only if it is torn.
func cut(text []byte, whole int, torn bool, seq, limit int64) *chunk {
	c := &chunk{text: text, hashed: make(chan struct{}), placed: make(chan struct{})}
	c.lines = make([]chunkLine, 0, bytes.Count(text, []byte{'\n'})+1)
	for at := 0; at < whole && seq < limit; seq++ {
		end := at + bytes.IndexByte(text[at:], '\n')
		c.lines = append(c.lines, chunkLine{entryLine: entryLine{seq: seq, data: text[at:end:end]}})
		at = end + 1
	}
	if torn && whole < len(text) && seq < limit {
		c.lines = append(c.lines, chunkLine{entryLine: entryLine{seq: seq, data: text[whole:len(text):len(text)], torn: true}})
	}
	return c
}

// tree reads the stored hashes as the records go by.
type tree struct {
	r    io.Reader
	err  error
	over bool // a mismatch was found; later ones follow from it
}

// read reads so many bytes, or what there is.
func (t *tree) read(n int64) []byte {
	if t.err != nil {
		return nil
	}
	b := make([]byte, n)
	got, _ := io.ReadFull(t.r, b)
	return b[:got]
}

// rest is how many bytes follow the hashes that were compared.
func (t *tree) rest() int {
	if t.err != nil || t.over {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(t.r, MaxRecord))
	return int(n)
}
