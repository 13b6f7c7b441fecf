package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxMessage bounds one message. A track with an hour of masks stays far
// below it; a worker that says more is broken or hostile.
const MaxMessage = 64 << 20

// ErrProtocol is wrapped by every error about a malformed stream.
var ErrProtocol = errors.New("the worker's answer is malformed")

// Writer writes messages. It is safe for concurrent use.
type Writer struct {
	mu sync.Mutex
	w  *bufio.Writer
}

// NewWriter returns a Writer on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, 1<<16)} }

// Send writes one message and flushes it.
func (w *Writer) Send(k Kind, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("wire: encode %c: %w", k, err)
	}
	if len(b)+1 > MaxMessage {
		return fmt.Errorf("wire: message %c of %d bytes is over the limit of %d", k, len(b), MaxMessage)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var head [5]byte
	binary.BigEndian.PutUint32(head[:4], uint32(len(b)+1))
	head[4] = byte(k)
	if _, err := w.w.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	return w.w.Flush()
}

// Message is one message as read. Decode its body with [Message.Into].
type Message struct {
	Kind Kind
	Body []byte
}

// Into decodes the body into v.
func (m Message) Into(v any) error {
	if err := json.Unmarshal(m.Body, v); err != nil {
		return fmt.Errorf("%w: %c: %w", ErrProtocol, m.Kind, err)
	}
	return nil
}

// Reader reads messages.
type Reader struct {
	r *bufio.Reader
}

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 1<<16)} }

// Next reads one message. It returns io.EOF only between messages. The body
// grows with what arrives, never with what the length claims.
func (r *Reader) Next() (Message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return Message{}, fmt.Errorf("%w: cut off in a header", ErrProtocol)
		}
		return Message{}, err
	}
	n := int64(binary.BigEndian.Uint32(head[:4]))
	if n < 1 || n > MaxMessage {
		return Message{}, fmt.Errorf("%w: length %d", ErrProtocol, n)
	}
	body, err := io.ReadAll(io.LimitReader(r.r, n-1))
	if err != nil {
		return Message{}, err
	}
	if int64(len(body)) != n-1 {
		return Message{}, fmt.Errorf("%w: cut off in message %c", ErrProtocol, head[4])
	}
	return Message{Kind: Kind(head[4]), Body: body}, nil
}
