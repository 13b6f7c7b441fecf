package pipeline

import (
	"cmp"
	"slices"

	"posteriori/engine/scene"
)

// coverage builds the account of a chunk: spans that tile it, each with what
// became of it.
type coverage struct {
	fromUS, toUS int64
	spans        []scene.Coverage
}

// state notes that from tUS on the picture was of this kind.
func (c *coverage) state(tUS int64, kind scene.CoverageKind, reason string) {
	if n := len(c.spans); n > 0 && c.spans[n-1].Kind == kind && c.spans[n-1].Reason == reason {
		return
	}
	if len(c.spans) == 0 {
		tUS = c.fromUS // what lies before the first frame belongs to its span
	}
	c.spans = append(c.spans, scene.Coverage{FromUS: tUS, Kind: kind, Reason: reason})
}

// close ends the account; holes are spans in which frames lack or are wrong,
// and override what was seen. note is said of what was seen, if anything is
// to be said of it.
func (c *coverage) close(holes []scene.Coverage, note string) []scene.Coverage {
	if len(c.spans) == 0 {
		c.spans = []scene.Coverage{{FromUS: c.fromUS, Kind: scene.Damaged, Reason: "no picture could be decoded"}}
	}
	for i := range c.spans {
		if s := &c.spans[i]; s.Kind == scene.Seen && s.Reason == "" {
			s.Reason = note
		}
		c.spans[i].ToUS = c.toUS
		if i+1 < len(c.spans) {
			c.spans[i].ToUS = c.spans[i+1].FromUS
		}
	}
	out := c.spans
	for _, h := range holes {
		h.FromUS, h.ToUS = max(h.FromUS, c.fromUS), min(h.ToUS, c.toUS)
		if h.FromUS < h.ToUS {
			out = override(out, h)
		}
	}
	return slices.DeleteFunc(out, func(s scene.Coverage) bool { return s.ToUS <= s.FromUS && len(out) > 1 })
}

// override replaces what spans say about h's time by h.
func override(spans []scene.Coverage, h scene.Coverage) []scene.Coverage {
	out := []scene.Coverage{h}
	for _, s := range spans {
		if before := min(s.ToUS, h.FromUS); before > s.FromUS {
			out = append(out, scene.Coverage{FromUS: s.FromUS, ToUS: before, Kind: s.Kind, Reason: s.Reason})
		}
		if after := max(s.FromUS, h.ToUS); after < s.ToUS {
			out = append(out, scene.Coverage{FromUS: after, ToUS: s.ToUS, Kind: s.Kind, Reason: s.Reason})
		}
	}
	slices.SortStableFunc(out, func(a, b scene.Coverage) int { return cmp.Compare(a.FromUS, b.FromUS) })
	return out
}
