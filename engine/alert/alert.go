// Package alert tells the data controller that something happened which the
// law wants known at once: a refused model, an altered original, a broken
// journal (legal table, rows 11, 18 and 21).
//
// A message goes to a command of the controller's choosing, which gets it as
// JSON on standard input, or by SMTP to the one server that the store names.
// This is the only package of the engine that opens a network connection, and
// it does so only where a server is configured. A message holds references
// alone: no picture, no plate, no name of a person seen.
package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"posteriori/engine/fault"
)

// Config says who is told. Either way, both, or neither may be set.
type Config struct {
	Command []string `json:"command,omitempty"` // a program by its absolute path, and its arguments; no shell
	SMTP    string   `json:"smtp,omitempty"`    // HOST:PORT of the mail server
	From    string   `json:"from,omitempty"`    // sender's address; empty: posteriori@ the host
	To      string   `json:"to,omitempty"`      // the controller's address, where SMTP is set
}

// Unrecorded is the record of an alert that the journal could not take.
const Unrecorded = -1

// Configured says whether anybody is told.
func (c Config) Configured() bool { return len(c.Command) > 0 || c.SMTP != "" }

// Recipients names what c tells, for the journal.
func (c Config) Recipients() []string {
	var out []string
	if len(c.Command) > 0 {
		out = append(out, "command "+filepath.Base(c.Command[0]))
	}
	if c.SMTP != "" {
		out = append(out, c.To)
	}
	return out
}

// Check says what is wrong with c, as fault.Usage.
func (c Config) Check() error {
	if len(c.Command) > 0 && !filepath.IsAbs(c.Command[0]) {
		return fault.New(fault.Usage, "the alert command %q is no absolute path", c.Command[0])
	}
	if c.SMTP == "" {
		if c.To != "" || c.From != "" {
			return fault.New(fault.Usage, "an address for alerts is named, but no mail server")
		}
		return nil
	}
	if err := checkServer(c.SMTP); err != nil {
		return fault.Wrap(fault.Usage, err, "the mail server for alerts is not HOST:PORT")
	}
	for _, a := range []string{c.To, c.sender()} {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a {
			return fault.New(fault.Usage, "%q is no mail address", a)
		}
	}
	return nil
}

func (c Config) sender() string {
	if c.From != "" {
		return c.From
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	return "posteriori@" + host
}

// Object is one thing that an alert is about, by reference.
type Object struct {
	Kind   string `json:"kind"`
	ID     string `json:"id,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Alert is one message.
type Alert struct {
	Kind    string    `json:"kind"` // model-refused, original-altered, journal-altered, …
	Rule    string    `json:"rule,omitempty"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
	Store   string    `json:"store"`          // the store's identity
	Host    string    `json:"host,omitempty"` // the machine
	Record  int64     `json:"record"`         // of the alert, in the store's journal; or Unrecorded
	Demo    bool      `json:"demo,omitempty"` // raised in a demonstration store
	Objects []Object  `json:"objects,omitempty"`
}

// Timeout bounds one delivery.
const Timeout = 15 * time.Second

// Send delivers a by every way that c names, and returns what failed: nil
// when nothing is configured. A failing way does not keep the other back.
func Send(ctx context.Context, c Config, a Alert) error {
	if err := c.Check(); err != nil {
		return err
	}
	var errs []error
	if len(c.Command) > 0 {
		errs = append(errs, run(ctx, c.Command, a))
	}
	if c.SMTP != "" {
		errs = append(errs, send(ctx, c, a))
	}
	return errors.Join(errs...)
}

// run gives a to a command as one line of JSON. The command gets no
// environment but PATH: secrets stay here.
func run(ctx context.Context, argv []string, a Alert) error {
	line, err := json.Marshal(a)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode the alert")
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.Stdin = bytes.NewReader(append(line, '\n'))
	said := &head{max: 2 << 10}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("it took longer than %s", Timeout)
		} else if text := strings.TrimSpace(said.String()); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return fault.Wrap(fault.Internal, err, "the alert command failed").OnFile(argv[0])
	}
	return nil
}

// head keeps the beginning of what a command says.
type head struct {
	max int
	b   []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), h.max-len(h.b))]...)
	return len(p), nil
}

func (h *head) String() string { return strings.ToValidUTF8(string(h.b), "?") }
