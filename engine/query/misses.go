package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"posteriori/engine/fault"
	"posteriori/engine/index"
)

// Miss is a track that exactly one condition of a filter drops.
type Miss struct {
	Hit
	Dropped Condition
	away    float64
}

// MissCount says how many tracks one condition alone drops.
type MissCount struct {
	Flag   string `json:"condition"`
	Wanted string `json:"wanted"`
	Tracks int    `json:"tracks"`
}

// Misses are the near misses of a search: what a person may want to see before
// "nothing found" is believed.
type Misses struct {
	Counts []MissCount // in the order of the filter's conditions
	Tracks []Miss      // the nearest first; not more than asked for
}

// NearMisses finds the tracks that all conditions but one keep, and returns at
// most limit of them, the nearest first: by how little a number, a time or an
// angle falls short, and by how unsure the engine was of a class or a colour.
// Where a search looks (recordings, cameras) is no condition. A filter without
// conditions is fault.Usage.
func (r *Results) NearMisses(ctx context.Context, limit int) (Misses, error) {
	var out Misses
	all := slices.DeleteFunc(parts(r.plan.filter), func(p part) bool { return p.scope })
	if len(all) == 0 {
		return out, fault.New(fault.Usage, "the search has no conditions, so nothing was dropped").
			WithHint("name what is wanted, as --class or --where")
	}
	for _, p := range all {
		n, err := r.missesOf(ctx, p, limit, &out.Tracks)
		if err != nil {
			return out, err
		}
		out.Counts = append(out.Counts, MissCount{Flag: p.flag, Wanted: p.wanted, Tracks: n})
	}
	out.Tracks = nearestOf(out.Tracks, limit)
	return out, nil
}

// nearestOf sorts misses by nearness, then by number, and keeps so many.
func nearestOf(m []Miss, limit int) []Miss {
	slices.SortFunc(m, func(a, b Miss) int {
		return cmp.Or(cmp.Compare(a.away, b.away), cmp.Compare(a.Recording.ID, b.Recording.ID), cmp.Compare(a.Track.ID, b.Track.ID))
	})
	return m[:min(len(m), limit)]
}

// missesOf walks what the filter without p keeps, less what the whole keeps,
// counts it, and adds the nearest to found.
func (r *Results) missesOf(ctx context.Context, p part, limit int, found *[]Miss) (n int, err error) {
	rest := r.plan.filter
	p.drop(&rest)
	plan, err := newPlan(rest)
	if err != nil {
		return 0, err
	}
	plan.where.Path = plan.where.Path || p.path
	plan.grounds = r.plan.grounds
	kept := r.keys
	var near []Miss
	err = plan.walk(ctx, r.store, r.recs, func(row index.Row) bool {
		key := index.Key{Recording: row.Recording, Track: row.Track.ID}
		for len(kept) > 0 && compareKeys(kept[0], key) < 0 {
			kept = kept[1:]
		}
		if len(kept) > 0 && kept[0] == key {
			return true
		}
		n++
		v := view{Hit: r.hit(row), plan: r.plan}
		miss := Miss{Hit: v.Hit, away: 1}
		if p.away != nil {
			miss.away = p.away(v)
		}
		miss.Dropped = Condition{Flag: p.flag, Wanted: p.wanted, Had: p.had(v)}
		miss.Track.Path, miss.Track.Plates = nil, nil
		if near = append(near, miss); len(near) >= 4*limit+100 {
			near = nearestOf(near, limit)
		}
		return true
	})
	*found = append(*found, nearestOf(near, limit)...)
	return n, err
}

func compareKeys(a, b index.Key) int {
	return cmp.Or(cmp.Compare(a.Recording, b.Recording), cmp.Compare(a.Track, b.Track))
}

// WriteTable writes the near misses as a table for people.
func (m Misses) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	if len(m.Tracks) > 0 {
		fmt.Fprintln(t, "TRACK\tCLASS\tCOLOUR\tSTART\tCAMERA\tDROPPED BY\tWANTED\tHAD")
	}
	for _, k := range m.Tracks {
		fmt.Fprintf(t, "%d:%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Recording.ID, k.Track.ID, k.Track.Class, coloured(k.Track), k.When(),
			printable(k.Recording.Camera), k.Dropped.Flag, printable(k.Dropped.Wanted), printable(k.Dropped.Had))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var counts []string
	for _, c := range m.Counts {
		counts = append(counts, fmt.Sprintf("%s %s: %d", c.Flag, printable(c.Wanted), c.Tracks))
	}
	_, err := fmt.Fprintf(w, "dropped by one condition alone: %s\n", strings.Join(counts, "; "))
	return err
}

// Summary says in one line how many tracks each condition alone drops, and
// names the nearest with what they had: "2 but for class bus; nearest 1:3 (car)".
func (m Misses) Summary() string {
	var counts, names []string
	for _, c := range m.Counts {
		if c.Tracks > 0 {
			counts = append(counts, fmt.Sprintf("%d but for %s %s", c.Tracks, c.Flag, printable(c.Wanted)))
		}
	}
	for _, k := range m.Tracks {
		names = append(names, fmt.Sprintf("%d:%d (%s)", k.Recording.ID, k.Track.ID, printable(k.Dropped.Had)))
	}
	return strings.Join(counts, ", ") + "; nearest " + strings.Join(names, ", ")
}

// WriteJSON writes {"dropped": [MissCount, …], "tracks": [Record with
// "dropped_by": Condition, …]}.
func (m Misses) WriteJSON(w io.Writer) error {
	type entry struct {
		Record
		DroppedBy Condition `json:"dropped_by"`
	}
	out := struct {
		Dropped []MissCount `json:"dropped"`
		Tracks  []entry     `json:"tracks"`
	}{Dropped: m.Counts, Tracks: []entry{}}
	for _, k := range m.Tracks {
		out.Tracks = append(out.Tracks, entry{k.Hit.Record(), k.Dropped})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
