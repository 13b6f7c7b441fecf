package main

import "testing"

func TestSpanInFrench(t *testing.T) {
	for us, want := range map[int64]string{
		0: "0\u00a0s", 40_000: "0\u00a0s", 1_260_000: "1,3\u00a0s", 59_940_000: "59,9\u00a0s", 59_960_000: "1\u00a0min 00\u00a0s",
		207_870_000: "3\u00a0min 27\u00a0s", 3_600_000_000: "1\u00a0h 00\u00a0min", 93_784_000_000: "26\u00a0h 03\u00a0min",
	} {
		if got := spanInFrench(us); got != want {
			t.Errorf("%d µs: %q, want %q", us, got, want)
		}
	}
}
