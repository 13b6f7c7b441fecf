package oplog

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
)

// TestOnlyReferences: what has no key, or is no plain value, does not pass, in
// whatever group or with whatever logger.
func TestOnlyReferences(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b strings.Builder
		l, err := New(&b, format, "debug")
		if err != nil {
			t.Fatal(err)
		}
		secret := fault.Wrap(fault.BadInput, errors.New("open /evidence/Dupont.mp4"), "it cannot be read").OnFile("/evidence/Dupont.mp4").WithHint("ask Dupont")
		l.With("camera", "Dupont").WithGroup("Dupont").Info("hidden", "recording", 1, "path", "/evidence/Dupont.mp4")
		l.Info("a chunk is done", "procedure", "P1", "recording", 7, "took", 1500*time.Millisecond, "path", "/evidence/Dupont.mp4",
			"reason", "Dupont", "plate", "AB-123-CD", "state", []string{"Dupont"}, "device", "/home/Dupont", slog.Group("batch", "x", "Dupont"))
		l.Warn("it failed", Err(secret)...)
		l.Warn("it failed", Err(errors.New("open /evidence/Dupont.mp4"))...)
		l.Warn("usage", Err(fault.New(fault.Usage, "there is no Dupont"))...)
		l.Warn("a path in its message", Err(fault.New(fault.Integrity, "open /evidence/Dupont.mp4: no"))...)
		l.Warn("cannot read /evidence/Dupont.mp4")
		l.Debug("debug")
		if out := b.String(); strings.Contains(out, "Dupont") || strings.Contains(out, "evidence") || strings.Contains(out, "AB-123") {
			t.Errorf("%s: %s", format, out)
		}
		for _, want := range []string{"P1", "it cannot be read", "bad-input", "internal", "took_s", "1.5", "debug"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in %s", format, want, b.String())
			}
		}
		for line := range strings.Lines(b.String()) {
			if format == "json" && !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
	}
}

func TestNew(t *testing.T) {
	var b strings.Builder
	l, err := New(&b, "text", "warn")
	if err != nil {
		t.Fatal(err)
	}
	l.Info("quiet")
	l.Warn("a\nb")
	if b.String() == "" || strings.Contains(b.String(), "quiet") || strings.Count(b.String(), "\n") != 1 {
		t.Errorf("%q", b.String())
	}
	Off().Error("nothing")
	for _, c := range [][2]string{{"xml", "info"}, {"text", "loud"}, {"json", "INFO+1"}} {
		if _, err := New(&b, c[0], c[1]); fault.KindOf(err) != fault.Usage {
			t.Errorf("%v: %v", c, err)
		}
	}
}
