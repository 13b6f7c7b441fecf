// Package oplog writes the program's operational log: what a run does, for
// whoever keeps the machines running. It is not the journal, and proves nothing.
//
// It goes to files and collectors that no erasure reaches, so nothing personal
// may get in. Only the attributes of [Keys] pass, each a number, a duration, a
// truth value, or a word of the engine's own: references (procedure, batch,
// recording) and states. No path, plate, name, camera or reason has a key. Of an
// error the message passes that the journal would hold, without the file's name
// and without the cause, which may quote one ([Err]).
package oplog

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
)

// Keys are the attributes that may stand in a log.
var Keys = []string{slog.TimeKey, slog.LevelKey, slog.MessageKey,
	"procedure", "batch", "item", "job", "recording", "chunk", "attempt", "machine",
	"state", "kind", "rule", "error", "took", "frames", "tracks", "bytes", "files", "running", "share", "left", "workers", "version", "device", "address"}

// New is a log to w: format is text (logfmt) or json, level debug, info, warn or
// error. Times are UTC.
func New(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil || !slices.Contains([]string{"debug", "info", "warn", "error"}, level) {
		return nil, fault.New(fault.Usage, "log level %q is none of debug, info, warn, error", level)
	}
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: replace}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fault.New(fault.Usage, "log format %q is none of text, json", format)
}

// replace drops what has no place in a log.
func replace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 || !slices.Contains(Keys, a.Key) {
		return slog.Attr{}
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindTime:
		return slog.Time(a.Key, v.Time().UTC())
	case slog.KindDuration:
		return slog.Float64(a.Key+"_s", v.Duration().Seconds())
	case slog.KindString:
		if strings.ContainsAny(v.String(), "/\\") && a.Key != slog.MessageKey && a.Key != "version" { // a path, or with one
			if a.Key == "error" {
				return slog.String(a.Key, "it names a file, so the journal has it alone")
			}
			return slog.Attr{}
		}
		if a.Key == slog.MessageKey && strings.ContainsAny(v.String(), "/\\") {
			return slog.String(a.Key, "a notice that names a file, which the log does not have")
		}
		return slog.String(a.Key, fault.Printable(v.String()))
	case slog.KindAny:
		if _, ok := v.Any().(slog.Level); !ok {
			return slog.Attr{}
		}
	}
	return a
}

// Err is what a log may say of an error: its kind, the rule that refused, and the
// message as the journal has it.
func Err(err error) []any {
	var f *fault.Error
	if !errors.As(err, &f) {
		return []any{"kind", fault.KindOf(err).String()}
	}
	out := []any{"kind", f.Kind.String()}
	if f.Rule != "" {
		out = append(out, "rule", f.Rule)
	}
	if f.Kind != fault.Usage { // which quotes the command line
		out = append(out, "error", f.Msg)
	}
	return out
}

// Off is a log that writes nothing.
func Off() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Took is how long something took, as an attribute.
func Took(d time.Duration) slog.Attr { return slog.Duration("took", d) }
