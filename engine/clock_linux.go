package engine

import "golang.org/x/sys/unix"

// clockSource says what the machine's time rests on: the kernel knows whether
// a time service keeps it (adjtimex(2), STA_UNSYNC). It is never a trusted date.
func clockSource() string {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return clockUnknown
	}
	if t.Status&unix.STA_UNSYNC != 0 {
		return clockLoose
	}
	return clockKept
}
