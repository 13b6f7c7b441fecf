package journal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Lines come back last first, whole, wherever the blocks are cut.
func TestLinesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		for i := range rapid.IntRange(0, 40).Draw(t, "lines") {
			want = append(want, fmt.Sprintf("%d%s", i, strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 500, backBlock - 3, backBlock, 2*backBlock + 5}).Draw(t, "length"))))
		}
		text := ""
		if len(want) > 0 {
			text = strings.Join(want, "\n") + "\n"
		}
		var got []string
		for line, err := range linesBack(bytes.NewReader([]byte(text+"not sealed\n")), int64(len(text))) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(line))
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%d lines come back as %d", len(want), len(got))
		}
	})
}

// Since ends at the first record that is too old and reads those that hold a text.
func TestSince(t *testing.T) {
	l := newLog(t, testKey(t, "test", 1), 0)
	l.disk = quick()
	for i := range 6 {
		if _, err := l.Append(small([]string{"even", "odd"}[i%2])); err != nil {
			t.Fatal(err)
		}
	}
	var all []Record
	for r, err := range l.Records(Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	from, err := all[2].Time()
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for r, err := range l.Since(from, `"reason":"odd"`) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Seq)
	}
	if !slices.Equal(got, []int64{5, 3}) {
		t.Errorf("%v", got)
	}
}
