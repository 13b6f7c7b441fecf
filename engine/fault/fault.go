// Package fault holds the errors that reach a user: what went wrong, with
// which file, and what to do. Their kind decides the exit status, in one
// place.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what sort of failure an [Error] is. Each has one exit status.
type Kind int

// The kinds and their exit statuses. They are part of the command-line
// contract: never renumber.
const (
	Internal    Kind = 1 // a failure that is none of the below
	Usage       Kind = 2 // the command line is wrong
	Refused     Kind = 3 // the law or a rule forbids it; the refusal is journalled
	BadInput    Kind = 4 // a file cannot be used as what it was given for
	Integrity   Kind = 5 // a hash, signature or journal does not match
	Missing     Kind = 6 // a program, library or model is not installed
	NotFound    Kind = 7 // a procedure, recording or track does not exist
	NoSpace     Kind = 8 // the disk is full or cannot be written
	Interrupted Kind = 130
)

var kindNames = map[Kind]string{
	Internal: "internal", Usage: "usage", Refused: "refused", BadInput: "bad-input",
	Integrity: "integrity", Missing: "missing", NotFound: "not-found",
	NoSpace: "no-space", Interrupted: "interrupted",
}

// String names the kind as --json prints it.
func (k Kind) String() string { return kindNames[k] }

// Error is a failure with what its reader needs. Msg is lower case without a
// full stop. File, Rule and Hint may be empty.
type Error struct {
	Kind Kind
	File string // the file at fault
	Rule string // the rule that refused, by its number in the law table
	Msg  string
	Hint string // what to do next
	Err  error  // the cause, for errors.Is
}

// Error puts file, message and cause on one line; the hint is printed apart.
func (e *Error) Error() string {
	s := e.Msg
	if e.File != "" {
		s = Printable(e.File) + ": " + s
	}
	if c := e.cause(); c != "" {
		s += ": " + c
	}
	return s
}

// cause is what the system said, without what Error has said already: the
// file, where one is named, and that an interruption is one.
func (e *Error) cause() string {
	if e.Err == nil || e.Kind == Interrupted && errors.Is(e.Err, context.Canceled) {
		return ""
	}
	s := e.Err.Error()
	var p *fs.PathError
	if e.File != "" && errors.As(e.Err, &p) {
		s = strings.Replace(s, p.Error(), p.Err.Error(), 1)
	}
	return s
}

// Printable writes the name of a file so that it stays on its line and no
// terminal obeys it: seized files bear the names that their makers chose.
// Control characters and bytes that are not UTF-8 become Go escapes.
func Printable(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch _, size := utf8.DecodeRuneInString(name[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, name[i])
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of kind k from a format.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of kind k around its cause.
func Wrap(k Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: err}
}

// OnFile names the file at fault and returns e.
func (e *Error) OnFile(name string) *Error { e.File = name; return e }

// WithHint says what to do and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// UnderRule names the rule that refused and returns e.
func (e *Error) UnderRule(rule string) *Error { e.Rule = rule; return e }

// KindOf is the kind of the outermost Error in err's chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
