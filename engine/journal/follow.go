package journal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// preparedLine is a line of the entries with what can be said of it without
// those before it.
type preparedLine struct {
	entryLine
	hash tlog.Hash // of its leaf
	bad  string    // what is wrong with its signature, if that was checked
}

// prepare fills in a line; it is called from many goroutines.
func (v *verifier) prepare(line *preparedLine) {
	line.hash = tlog.RecordHash(line.data)
	if !v.signatures || line.torn {
		return
	}
	if body, sig, err := split(line.data); err != nil {
		line.bad = "it is altered: " + err.Error()
	} else if !v.key.Verify(signed(body), sig) {
		line.bad = "it is altered or not signed by this key: its signature does not match"
	}
}

// chunk is a run of lines that one goroutine prepares.
type chunk struct {
	lines []preparedLine
	text  []byte
	ready chan struct{}
}

// Bounds of a chunk.
const (
	chunkLines = 256
	chunkBytes = 256 << 10
)

// eachPrepared reads the first limit lines of the entries, has them prepared
// on all processors, and hands them to use in order until it returns false.
func eachPrepared(ctx context.Context, fsys fs.FS, limit int64, prepare func(*preparedLine), use func(preparedLine) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	todo, order := make(chan *chunk), make(chan *chunk, 2*workers)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range workers {
		wg.Go(func() {
			for c := range todo {
				for i := range c.lines {
					prepare(&c.lines[i])
				}
				close(c.ready)
			}
		})
	}
	var rerr error // read once order is closed
	wg.Go(func() {
		defer close(order)
		defer close(todo)
		rerr = readChunks(ctx, fsys, limit, func(c *chunk) bool {
			for _, to := range []chan *chunk{order, todo} {
				select {
				case to <- c:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	})
	for c := range order {
		select {
		case <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, line := range c.lines {
			if !use(line) {
				return nil
			}
		}
	}
	if rerr == nil {
		rerr = ctx.Err()
	}
	return rerr
}

// readChunks cuts the entries into chunks until hand returns false.
func readChunks(ctx context.Context, fsys fs.FS, limit int64, hand func(*chunk) bool) error {
	c := &chunk{ready: make(chan struct{})}
	for line, err := range lines(fsys) {
		if err != nil {
			return err
		}
		if line.seq >= limit || ctx.Err() != nil {
			break
		}
		from := len(c.text)
		c.text = append(c.text, line.data...)
		line.data = c.text[from:len(c.text):len(c.text)]
		c.lines = append(c.lines, preparedLine{entryLine: line})
		if len(c.lines) == chunkLines || len(c.text) >= chunkBytes {
			if !hand(c) {
				return nil
			}
			c = &chunk{lines: make([]preparedLine, 0, chunkLines), text: make([]byte, 0, len(c.text)+len(c.text)/4), ready: make(chan struct{})}
		}
	}
	if len(c.lines) > 0 {
		hand(c)
	}
	return nil
}

// place writes how a record must begin at its place, in a buffer of its own.
type place struct {
	want   []byte
	origin string // that quoted is of
	quoted []byte
}

// fits says whether line begins as record seq of the log must that follows
// records with that root. It is much faster than to parse the line.
func (p *place) fits(line []byte, origin string, seq int64, root tlog.Hash) bool {
	if p.quoted == nil || p.origin != origin {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(origin) != nil {
			return false
		}
		p.origin, p.quoted = origin, bytes.TrimSpace(b.Bytes())
	}
	w := append(p.want[:0], `{"schema":`...)
	w = strconv.AppendInt(w, Schema, 10)
	w = append(append(w, `,"log":`...), p.quoted...)
	w = strconv.AppendInt(append(w, `,"seq":`...), seq, 10)
	w = base64.StdEncoding.AppendEncode(append(w, `,"root":"`...), root[:])
	p.want = append(w, `",`...)
	return bytes.HasPrefix(line, p.want)
}

// head is the part of a record that its place depends on.
type head struct {
	Log  string    `json:"log"`
	Seq  int64     `json:"seq"`
	Root tlog.Hash `json:"root"`
}

// misplaced says why a line does not fit its place.
func misplaced(line []byte, origin string, seq int64, root tlog.Hash) string {
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return "it is no record: " + err.Error()
	}
	switch {
	case h.Log != origin:
		return fmt.Sprintf("it belongs to another log, %s", h.Log)
	case h.Seq > seq:
		return fmt.Sprintf("it is missing or moved: record %d stands in its place", h.Seq)
	case h.Seq < seq:
		return fmt.Sprintf("record %d stands here a second time or moved", h.Seq)
	case h.Root != root:
		return "it follows other records than those before it"
	}
	return "it does not begin as a record of this schema does"
}

// hashStream compares the stored hashes as the records go by.
type hashStream struct {
	r    io.Reader
	err  error
	over bool // a mismatch was found; later ones follow from it
}

// compare reads as many hashes as nodes and says how they differ.
func (s *hashStream) compare(nodes []tlog.Hash) string {
	if s.err != nil || s.over {
		return ""
	}
	got := make([]byte, len(nodes)*tlog.HashSize)
	if _, err := io.ReadFull(s.r, got); err != nil {
		s.over = true
		return "its hashes are missing from the tree"
	}
	if !bytes.Equal(got, pack(nodes)) {
		s.over = true
		return "its hashes in the tree were altered"
	}
	return ""
}

// rest is how many bytes follow the hashes that were compared.
func (s *hashStream) rest() int {
	if s.err != nil || s.over {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(s.r, MaxRecord))
	return int(n)
}
