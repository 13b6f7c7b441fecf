package survey

import (
	"bytes"
	"testing"
	"time"

	"posteriori/engine/batch"
)

// Names as recorders, cameras and telephones give them.
func TestNames(t *testing.T) {
	const day = "2024-03-01T"
	for _, c := range []struct {
		path, start, end, channel, template string
		number                              int
		utc, dateOnly                       bool
	}{
		{path: "nvr/ch01_20240301140000.mp4", start: day + "14:00:00Z", channel: "ch01", template: "nvr/ch01_{time}.mp4", number: -1},
		{path: "NVR_ch2_main_20240301140000_20240301141500.mp4", start: day + "14:00:00Z", end: day + "14:15:00Z", channel: "ch02",
			template: "/NVR_ch2_main_{time}_{time}.mp4", number: -1},
		{path: "2024-03-01/001/dav/14/14.00.00-14.30.00[M][0@0][0].dav", start: day + "14:00:00Z", end: day + "14:30:00Z",
			channel: "ch01", template: "{day}/001/dav/{hour}/{time}-{time}[M][0@0][{n}].dav"},
		{path: "Camera1_00_20240301_235900.mp4", start: day + "23:59:00Z", channel: "ch01", template: "/Camera1_{n}_{time}.mp4"},
		{path: "2024-03-01/002/dav/23/23.45.00-00.00.00.dav", start: day + "23:45:00Z", end: "2024-03-02T00:00:00Z",
			channel: "ch02", template: "{day}/002/dav/{hour}/{time}-{time}.dav", number: -1},
		{path: "DCIM/PXL_20240301_130000123.mp4", start: day + "13:00:00Z", utc: true, template: "DCIM/PXL_{time}.mp4", number: -1},
		{path: "DCIM/VID-20240301-WA0001.mp4", start: day + "00:00:00Z", dateOnly: true, template: "DCIM/VID-{day}-WA{n}.mp4", number: 1},
		{path: "FILE240301-140000F.MP4", start: day + "14:00:00Z", channel: "front", template: "/FILE{time}F.mp4", number: -1},
		{path: "20240301/140000.mp4", start: day + "14:00:00Z", template: "{day}/{time}.mp4", number: -1},
		{path: "a/rec_1709298000.mp4", start: day + "13:00:00Z", utc: true, template: "a/rec_{time}.mp4", number: -1},
		{path: "01-03-2024 14-00-05.avi", start: day + "14:00:05Z", template: "/{time}.avi", number: -1},
		{path: "DCIM/GH020123.MP4", template: "DCIM/GH{n}.mp4", number: 12302},
		{path: "x/hiv00041.mp4", template: "x/hiv{n}.mp4", number: 41},
		{path: "x/holiday.mp4", template: "x/holiday.mp4", number: -1},
		{path: "x/20241399999999.mp4", template: "x/20241399999999.mp4", number: -1}, // no such month
		{path: "caméra 3/clip 7.mp4", channel: "ch03", template: "caméra 3/clip {n}.mp4", number: 7},
		{path: "cam\xe9ra/\n1.mp4", template: "cam\xe9ra/\n{n}.mp4", number: 1},
	} {
		n := read(c.path)
		show := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.Format(time.RFC3339)
		}
		if show(n.start) != c.start || show(n.end) != c.end || n.channel != c.channel || n.template != c.template ||
			n.number != c.number || n.utc != c.utc || n.dateOnly != c.dateOnly {
			t.Errorf("%q: %+v", c.path, n)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("nvr/ch01_20240301140000.mp4")
	f.Add("2024-03-01/001/dav/14/14.00.00-14.30.00[M][0@0][0].dav")
	f.Fuzz(func(t *testing.T, path string) { read(path) }) // any bytes: no panic
}

// FuzzContent: whatever the first bytes of a seized file are, and whatever a text
// beside it says, it is told what it is, and any time lies within what people
// write.
func FuzzContent(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x18ftypisom"))
	f.Add([]byte("RIFF\x00\x00\x00\x00AVI "))
	f.Add([]byte("Start time: 2026-03-01T14:00:00+01:00\nfrom: 2026-03-01 14:00:00"))
	f.Add(bytes.Repeat(append([]byte("G"), make([]byte, 187)...), 8))
	f.Add(append(make([]byte, 446), 0x80, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if kind, name := sniff(b[:min(len(b), headBytes)]); kind != batch.Other && name == "" {
			t.Errorf("%q has no name", kind)
		}
		if at, _, ok := statedTime(b); ok && (at.Year() < 1999 || at.Year() > 2100) {
			t.Errorf("a time of %v", at)
		}
	})
}

// A text of nothing but words for the beginning is gone through once.
func TestManyWordsForTheBeginning(t *testing.T) {
	text := append(bytes.Repeat([]byte("from: "), sidecarBytes/6), "2026-03-01 14:00:00"...)
	began := time.Now()
	if at, _, ok := statedTime(text); !ok || at.Hour() != 14 {
		t.Errorf("%v, %v", at, ok)
	}
	text = append(bytes.Repeat([]byte("from: 20 "), sidecarBytes/9), "2026-03-01 14:00:00"...)
	if at, _, ok := statedTime(text); ok {
		t.Errorf("%v stands behind no such word", at)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it takes %v", took)
	}
}
