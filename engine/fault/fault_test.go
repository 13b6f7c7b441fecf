package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

func TestError(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "/a/.tmp1", Err: syscall.ENOSPC}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"message", New(Internal, "no %s", "luck"), "no luck"},
		{"file", New(BadInput, "it is empty").OnFile("a b.mp4"), "a b.mp4: it is empty"},
		{"cause", Wrap(Internal, errors.New("why"), "it failed"), "it failed: why"},
		{"file said once", Wrap(NoSpace, path, "it cannot be written").OnFile("a"), "a: it cannot be written: no space left on device"},
		{"in a chain", Wrap(NoSpace, fmt.Errorf("copy: %w", path), "no").OnFile("a"), "a: no: copy: no space left on device"},
		{"no file named", Wrap(NoSpace, path, "no"), "no: open /a/.tmp1: no space left on device"},
		{"interruption", Wrap(Interrupted, fmt.Errorf("x: %w", context.Canceled), "interrupted"), "interrupted"},
		{"hostile name", New(BadInput, "it is empty").OnFile("a\x1b[31m\nb\xff.mp4"), `a\x1b[31m\nb\xff.mp4: it is empty`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"caméra_été 日本.mkv":     "caméra_été 日本.mkv",
		`quote's "x" \.mp4`:     `quote's "x" \.mp4`,
		"tab\tnl\ncr\r":         `tab\tnl\ncr\r`,
		"bell\a\u009b\u202egpj": `bell\a\u009b\u202egpj`,
		"\xe9t\xe9.avi":         `\xe9t\xe9.avi`,
		"\ufffd":                "\ufffd",
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	err := fmt.Errorf("outer: %w", Wrap(NoSpace, os.ErrPermission, "x"))
	if KindOf(err) != NoSpace || !errors.Is(err, os.ErrPermission) || KindOf(errors.New("x")) != Internal {
		t.Errorf("%v has kind %v", err, KindOf(err))
	}
}
