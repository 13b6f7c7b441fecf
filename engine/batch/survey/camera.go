package survey

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/batch"
)

// group is what is proposed as one camera: files of one folder, or of folders
// by day, whose names differ in times and numbers only, and whose pictures
// have one size.
type group struct {
	key   string
	files []*entry
}

// groups puts media together, in order of their first file.
func groups(all []*entry) []*group {
	byKey := map[string]*group{}
	var order []*group
	var headless []*entry // whose container said nothing
	add := func(key string, e *entry) {
		g := byKey[key]
		if g == nil {
			g = &group{key: key}
			byKey[key] = g
			order = append(order, g)
		}
		g.files = append(g.files, e)
	}
	for _, e := range all {
		if e.kind != batch.Video && e.kind != batch.Photograph {
			continue
		}
		if e.probe == nil {
			headless = append(headless, e)
			continue
		}
		add(e.stemKey()+" "+size(e), e)
	}
	largest := map[string]*group{}
	for _, g := range order {
		k := g.files[0].stemKey()
		if l := largest[k]; l == nil || len(g.files) > len(l.files) {
			largest[k] = g
		}
	}
	for _, e := range headless { // to its fellows by name
		if g := largest[e.stemKey()]; g != nil {
			g.files = append(g.files, e)
		} else {
			add(e.stemKey(), e)
		}
	}
	return order
}

func (e *entry) stemKey() string {
	return fmt.Sprintf("%d:%s %s", e.root+1, e.name.template, e.name.channel)
}

func size(e *entry) string {
	if e.probe == nil {
		return ""
	}
	return fmt.Sprintf("%d×%d", e.probe.Width, e.probe.Height)
}

// numbered splits a group that is one camera by its names but whose files
// record at the same time: their numbers tell cameras apart.
func (g *group) numbered() []*group {
	if len(g.files) < 2 || g.files[0].name.number < 0 {
		return []*group{g}
	}
	timed, clash := 0, 0
	for i := 1; i < len(g.files); i++ {
		a, b := g.files[i-1], g.files[i]
		if a.zero || b.zero || a.length() == 0 || b.length() == 0 {
			continue
		}
		timed++
		if over := a.start.Add(a.length()).Sub(b.start); over > min(a.length(), b.length())/2 {
			clash++
		}
	}
	if timed == 0 || clash*2 <= timed {
		return []*group{g}
	}
	byNumber := map[int]*group{}
	var out []*group
	for _, e := range g.files {
		n := byNumber[e.name.number]
		if n == nil {
			n = &group{key: fmt.Sprintf("%s #%d", g.key, e.name.number)}
			byNumber[e.name.number] = n
			out = append(out, n)
		}
		n.files = append(n.files, e)
	}
	return out
}

// length is how long the file is: as its container says, else its name.
func (e *entry) length() time.Duration {
	if e.probe != nil && e.probe.DurationUS > 0 {
		return time.Duration(e.probe.DurationUS) * time.Microsecond
	}
	if !e.name.end.IsZero() {
		return e.name.end.Sub(e.name.start)
	}
	return 0
}

// nearby is how much two files of one timeline may be apart, or overlap, and
// still count as joined: names and containers round to seconds.
const nearby = 2 * time.Second

// camera turns the group into a proposal.
func (g *group) camera(zone *time.Location) *batch.Camera {
	c := &batch.Camera{Key: g.key, Clock: g.clock(zone)}
	if g.files[0].probe != nil {
		c.Evidence = append(c.Evidence, fmt.Sprintf("%d of %s, pictures of %s", len(g.files), g.files[0].what, size(g.files[0])))
	}
	if t := g.files[0].name.template; len(g.files) > 1 && strings.Contains(t, "{") {
		c.Evidence = append(c.Evidence, "names like "+printable(t))
	}
	if ch := g.files[0].name.channel; ch != "" {
		c.Evidence = append(c.Evidence, "the name or a folder says "+ch)
	}
	g.sort()
	g.timeline(c)
	return c
}

// sort puts files in order of time; those without one by number, then by path.
func (g *group) sort() {
	timed := slices.ContainsFunc(g.files, func(e *entry) bool { return !e.zero })
	slices.SortStableFunc(g.files, func(a, b *entry) int {
		if timed && a.zero != b.zero {
			if a.zero {
				return 1 // behind the others: where it belongs is not known
			}
			return -1
		}
		return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.name.number, b.name.number), cmp.Compare(a.path, b.path))
	})
}

// timeline fills in the files with their gaps and overlaps.
func (g *group) timeline(c *batch.Camera) {
	var end time.Time // of what was recorded so far
	unknown := false  // how long the last file is: then so is what follows it
	for _, e := range g.files {
		f := e.line()
		if e.reason == "" && e.probe != nil {
			c.Length += e.length()
		}
		if !e.zero && !e.twin {
			start := e.start
			f.Start = &start
			if !end.IsZero() && !unknown {
				switch d := start.Sub(end); {
				case d > nearby:
					f.Gap = d.Round(time.Millisecond)
					c.Gaps.Count++
					c.Gaps.Length += f.Gap
				case d < -nearby:
					f.Overlap = min(-d, e.length()).Round(time.Millisecond)
					c.Overlaps.Count++
					c.Overlaps.Length += f.Overlap
				}
			}
			if c.From == nil {
				c.From = &start
			}
			if stop := start.Add(e.length()); stop.After(end) {
				end = stop
			}
			unknown = e.length() == 0 && e.kind == batch.Video
		}
		if n := e.name; !n.end.IsZero() && e.probe != nil {
			if d := n.end.Sub(n.start) - e.length(); d > 5*time.Second || d < -5*time.Second {
				f.Warnings = append(f.Warnings, fmt.Sprintf("its name promises %v, its container holds %v", n.end.Sub(n.start), e.length().Round(time.Second)))
			}
		}
		c.Files = append(c.Files, f)
	}
	if !end.IsZero() {
		c.To = &end
	}
	c.Gaps.Missing = g.missing()
}

// maxMissing bounds the list of missing numbers.
const maxMissing = 100

// missing are numbers that the sequence leaps over. Numbers that hardly follow
// each other are no sequence.
func (g *group) missing() []int {
	var got []int
	for _, e := range g.files {
		if e.name.number >= 0 {
			got = append(got, e.name.number)
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if len(got) < 3 || got[len(got)-1]-got[0] >= 2*len(got) {
		return nil
	}
	var out []int
	for i := 1; i < len(got); i++ {
		for n := got[i-1] + 1; n < got[i] && len(out) < maxMissing; n++ {
			out = append(out, n)
		}
	}
	return out
}

// nameCameras gives each a name that says where it is from, no two the same.
func nameCameras(cams []*batch.Camera, gs []*group) {
	used := map[string]bool{}
	short := map[string]int{}
	for _, g := range gs {
		short[g.names()[0]]++
	}
	for i, g := range gs {
		names := g.names()
		if short[names[0]] > 1 {
			names = names[1:]
		}
		name := ""
		for _, n := range names {
			if name = n; !used[n] {
				break
			}
		}
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s (%d)", names[len(names)-1], n)
		}
		used[name] = true
		cams[i].Name = name
	}
}

// names are proposals for a camera's name, the shortest first.
func (g *group) names() []string {
	e := g.files[0]
	var dirs []string
	for _, d := range strings.Split(path.Dir(e.name.template), "/") {
		if d != "." && !strings.Contains(d, "{") {
			dirs = append(dirs, printable(d))
		}
	}
	whole := strings.Join(dirs, "/")
	template := e.name.template
	if len(g.files) == 1 { // one number is no sequence
		template = filepath.ToSlash(e.rel)
	}
	stem := strings.TrimSuffix(path.Base(template), path.Ext(template))
	stem = printable(strings.Trim(strings.NewReplacer("{time}", "", "{n}", "", "{day}", "").Replace(stem), " -_.[]()"))
	if i := strings.LastIndex(g.key, "#"); i >= 0 {
		stem = strings.TrimSpace(stem + " " + g.key[i+1:])
	}
	last := stem
	switch {
	case e.name.channel != "":
		last = e.name.channel
	case len(dirs) > 0 && strings.Contains(path.Base(template), "{"):
		last = dirs[len(dirs)-1]
	case last == "":
		last = "camera"
	}
	out := []string{last}
	if len(dirs) > 0 {
		out = append(out, strings.TrimSpace(dirs[0]+" "+last), strings.TrimSpace(whole+" "+last))
	}
	return append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %d", whole, stem, e.root+1)), " "))
}
