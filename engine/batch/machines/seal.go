// Package machines has the chunks of an analysis done by other machines: the
// [Coordinator] asks and takes in, a [Machine] works. They meet in a queue of
// references in Postgres (package queue) and in a spool folder on shared storage
// that holds tasks and results, sealed. Package batch says why it is made so.
package machines

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
)

// ErrSeal is wrapped by the error of what was not sealed for its reader, or was
// changed or cut off since.
var ErrSeal = errors.New("its seal does not fit")

// secrets are what a run of a batch needs, all made from the procedure's key:
// the same after a restart, nothing without it.
type secrets struct {
	run   string // its name in the queue and on shared storage
	token []byte // opens task files; machines get it from the queue
	names []byte // makes the names of tasks
	key   hpke.PrivateKey
}

func newSecrets(procedureKey []byte, batch int64) (*secrets, error) {
	make := func(what string, n int) ([]byte, error) {
		return hkdf.Key(sha256.New, procedureKey, nil, "posteriori many machines 1 "+what+" "+strconv.FormatInt(batch, 10), n)
	}
	run, err := make("run", 16)
	if err != nil {
		return nil, err
	}
	s := &secrets{run: hex.EncodeToString(run)}
	if s.token, err = make("token", 32); err != nil {
		return nil, err
	}
	if s.names, err = make("names", 32); err != nil {
		return nil, err
	}
	seed, err := make("key", 32)
	if err != nil {
		return nil, err
	}
	s.key, err = kem.DeriveKeyPair(seed)
	return s, err
}

// queued is the run as the queue has it.
func (s *secrets) queued(build string) queue.Run {
	return queue.Run{ID: s.run, Build: build, Token: s.token, Key: s.key.PublicKey().Bytes()}
}

// name is that of a task: the same for the same original, chunks, pipeline and
// build, and meaningless without the procedure's key.
func (s *secrets) name(build string, t analysis.Task) string {
	h := hmac.New(sha256.New, s.names)
	fmt.Fprintf(h, "%s %s %s", build, t.SHA256, t.Pipeline)
	switch a := t.Job.Analyse; {
	case a != nil:
		fmt.Fprintf(h, " analyse %d", len(a.Chunks))
		for _, c := range a.Chunks {
			fmt.Fprintf(h, " %d %d %d", c.Index, c.StartPTS, c.EndPTS)
		}
	case t.Job.Triage != nil:
		fmt.Fprint(h, " triage")
	case t.Job.Probe != nil:
		fmt.Fprintf(h, " probe %d", t.Job.Probe.ChunkUS)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// newName is that of a task which is another each time that it is asked for.
func newName() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// The suite of RFC 9180 that results are sealed with.
var (
	kem  = hpke.DHKEM(ecdh.X25519())
	kdf  = hpke.HKDFSHA256()
	aead = hpke.AES256GCM()
)

// A task file is one message of AES-256-GCM under a key made from the token; its
// place is bound in.
func taskCipher(t queue.Task) (cipher.AEAD, []byte, error) {
	key, err := hkdf.Key(sha256.New, t.Run.Token, nil, "posteriori task 1", 32)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, err
	}
	c, err := cipher.NewGCMWithRandomNonce(block)
	return c, []byte(t.Run.ID + "/" + t.Name), err
}

func sealTask(t queue.Task, text []byte) ([]byte, error) {
	c, place, err := taskCipher(t)
	if err != nil {
		return nil, err
	}
	return c.Seal(nil, nil, text, place), nil
}

func openTask(t queue.Task, sealed []byte) ([]byte, error) {
	c, place, err := taskCipher(t)
	if err != nil {
		return nil, err
	}
	text, err := c.Open(nil, nil, sealed, place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	return text, nil
}

// A result is the encapsulated key, then frames: four bytes of length (big
// endian, of what follows) and one message of HPKE, numbered by it. The
// associated data of the last one, which is empty, says that it is the last. The
// token is among what the key is made from, so that who knows the public key
// alone can make no result.
const maxFrame = 1 << 20

var more, last = []byte{0}, []byte{1}

func resultInfo(run, task string, token []byte) []byte {
	return append([]byte("posteriori result 1 "+run+"/"+task+" "), token...)
}

// sealer seals what is written to it. Close writes the end; it does not close
// what it writes to.
type sealer struct {
	w io.Writer
	s *hpke.Sender
}

func newSealer(w io.Writer, t queue.Task) (*sealer, error) {
	key, err := kem.NewPublicKey(t.Run.Key)
	if err != nil {
		return nil, err
	}
	enc, s, err := hpke.NewSender(key, kdf, aead, resultInfo(t.Run.ID, t.Name, t.Run.Token))
	if err != nil {
		return nil, err
	}
	_, err = w.Write(enc)
	return &sealer{w, s}, err
}

func (s *sealer) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		part := p[:min(len(p), maxFrame)]
		if err = s.frame(more, part); err == nil {
			n += len(part)
			p = p[len(part):]
		}
	}
	return n, err
}

func (s *sealer) Close() error { return s.frame(last, nil) }

func (s *sealer) frame(which, p []byte) error {
	c, err := s.s.Seal(which, p)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(c))), c...))
	return err
}

// opener reads what a [sealer] wrote. Whatever it returns was sealed as such;
// io.EOF comes at the true end only.
type opener struct {
	r    *bufio.Reader
	s    *hpke.Recipient
	rest []byte
	end  bool
}

func (s *secrets) open(r io.Reader, task string) (*opener, error) {
	o := &opener{r: bufio.NewReaderSize(r, 1<<18)}
	enc := make([]byte, 32)
	if _, err := io.ReadFull(o.r, enc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	var err error
	if o.s, err = hpke.NewRecipient(enc, s.key, kdf, aead, resultInfo(s.run, task, s.token)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	return o, nil
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.rest) == 0 {
		if o.end {
			return 0, io.EOF
		}
		if err := o.frame(); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrSeal, err)
		}
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

func (o *opener) frame() error {
	var head [4]byte
	if _, err := io.ReadFull(o.r, head[:]); err != nil {
		return fmt.Errorf("cut off: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame+64 {
		return fmt.Errorf("a frame of %d bytes", n)
	}
	c := make([]byte, n)
	if _, err := io.ReadFull(o.r, c); err != nil {
		return fmt.Errorf("cut off: %w", err)
	}
	if text, err := o.s.Open(more, c); err == nil {
		o.rest = text
		return nil
	}
	if _, err := o.s.Open(last, c); err != nil {
		return err
	}
	o.end = true
	return nil
}
