package main

import (
	"bytes"
	"testing"
)

// TestMutated: each way harms its file, the same at each call, and none is left
// out of a run of the default length.
func TestMutated(t *testing.T) {
	list := []base{
		{"mp4", bytes.Repeat([]byte("\x00\x00\x00\x20ftypisom\x00\xb0\x00\x90"), 400)},
		{"mkv", bytes.Repeat([]byte("\x1a\x45\xdf\xa3\xb0\x81\xb0\xba\x81\x90"), 400)},
		{"avi", append([]byte("RIFFxxxxAVI LISTxxxxmovi"), bytes.Repeat([]byte("00dc\x04\x00\x00\x00abcd"), 400)...)},
		{"ts", bytes.Repeat(append([]byte{0x47, 0x41, 0, 0x10}, make([]byte, 184)...), 20)},
	}
	before := make([][]byte, len(list))
	for i, b := range list {
		before[i] = bytes.Clone(b.data)
	}
	ways := map[string]int{}
	for n := range len(mutations) * len(list) {
		one, how := mutated(list, n)
		two, _ := mutated(list, n)
		if !bytes.Equal(one.data, two.data) || one.ext != two.ext {
			t.Errorf("%d, %s: another at the second call", n, how)
		}
		if bytes.Equal(one.data, before[n/len(mutations)]) || len(one.data) == 0 || len(one.data) > 64<<20 {
			t.Errorf("%d, %s: unharmed, or %d bytes", n, how, len(one.data))
		}
		ways[how]++
	}
	for i, b := range list {
		if !bytes.Equal(b.data, before[i]) {
			t.Errorf("the base %s was changed", b.ext)
		}
	}
	if len(ways) != len(mutations) || hostileDefault < len(mutations)*len(carriers) {
		t.Errorf("%d ways of %d, %d files of %d kinds", len(ways), len(mutations), hostileDefault, len(carriers))
	}
}
