package index

import (
	"strings"
	"testing"
)

// What makes a search fast is the index that SQLite takes. A narrow search
// must take the one of its column, also with other conditions beside it.
func TestSearchesTakeTheirIndex(t *testing.T) {
	s := openTest(t)
	for _, c := range []struct {
		w    Where
		want string
	}{
		{Where{SQL: "t.class IN (4) AND t.colour IN (5)", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=? AND colour=?)"},
		{Where{SQL: "((t.class == 4 AND t.colour == 5) AND t.end_us - t.start_us > 3)", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=? AND colour=?)"},
		{Where{SQL: "t.class IN (4) AND t.colour IN (5)", Narrow: true, Unordered: true}, "COVERING INDEX track_by_kind (recording=? AND class=? AND colour=?)"},
		{Where{SQL: "t.class IN (1, 4)", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=?)"},
		{Where{SQL: "t.class IN (0, 1, 2, 3, 4) AND t.colour IN (1, 4) AND t.median_h_px >= 40", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=? AND colour=?)"},
		{Where{SQL: "t.class IN (2) AND t.class IN (0, 1, 2, 3, 4) AND t.colour = 3", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=? AND colour=?)"},
		{Where{SQL: "t.event <> 0 AND t.event IN (1)", Narrow: true}, "INDEX track_by_event (recording=? AND event=?)"},
		{Where{SQL: "t.end_us - t.start_us >= 5 AND t.stand_us >= 5", Narrow: true, Path: true}, "INDEX track_by_stand (recording=? AND stand_us>?)"},
		{Where{SQL: "t.class IN (1) AND t.stand_us >= 5", Narrow: true}, "COVERING INDEX track_by_kind (recording=? AND class=?)"},
		{Where{SQL: "t.foot_x1_px >= 5 AND t.foot_x0_px <= 7 AND t.foot_y1_px >= 5 AND t.foot_y0_px <= 7", Foot: true}, "INDEX track_by_foot (recording=? AND foot_x0_px<?)"},
		{Where{SQL: "t.median_h_px > 4", Foot: true}, "INDEX track_by_foot (recording=?)"},
		{Where{SQL: "t.status <> 0 AND t.status IN (1)", Narrow: true}, "INDEX track_by_status (recording=? AND status=?)"},
		{Where{SQL: "t.end_us >= 5 - r.clock_unix_us AND t.start_us >= 7 - r.clock_unix_us - a.longest_us AND t.start_us <= 9 - r.clock_unix_us", Narrow: true},
			"INDEX track_by_start (recording=? AND start_us>? AND start_us<?)"},
		{Where{SQL: "t.median_h_px >= 40"}, "PRIMARY KEY (recording=?)"},
		{Where{SQL: "r.id = 3 AND t.id IN (1, 2)", Path: true}, "PRIMARY KEY (recording=? AND id=?)"},
	} {
		rows, err := s.r.Query("EXPLAIN QUERY PLAN " + searchSQL(c.w, trackColumns))
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var a, b, n int
			var line string
			if err := rows.Scan(&a, &b, &n, &line); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, line)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), "SEARCH t USING "+c.want) {
			t.Errorf("%s: want %s\n%s", c.w.SQL, c.want, strings.Join(plan, "\n"))
		}
	}
}
