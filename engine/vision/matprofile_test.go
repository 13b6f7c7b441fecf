//go:build matprofile

package vision_test

import (
	"testing"

	"gocv.io/x/gocv"
)

// TestEveryMatIsClosed needs gocv's own count: go test -tags matprofile,….
func TestEveryMatIsClosed(t *testing.T) {
	before := gocv.MatProfile.Count()
	exercise(t, 3)
	if n := gocv.MatProfile.Count(); n != before {
		t.Errorf("%d Mats are open, %d were before", n, before)
	}
}
