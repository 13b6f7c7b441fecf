package review_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// TestBrowserHoldsFiftyThousand opens a page of 50,000 tracks, filters and draws on
// it, and logs how long that takes. POSTERIORI_REVIEW_SCALE=1 runs it: it takes a
// minute.
func TestBrowserHoldsFiftyThousand(t *testing.T) {
	if os.Getenv("POSTERIORI_REVIEW_SCALE") == "" {
		t.Skip("POSTERIORI_REVIEW_SCALE is not set")
	}
	s := openStore(t)
	for n := range 4 {
		at := clocksBack.Add(time.Duration(n) * 20 * time.Minute).UnixMicro()
		add(t, s, recordingOf(n+1, fmt.Sprintf("cam%d", n%2), &at), whole(scene.Seen), walks(12_500, uint64(n), 80))
	}
	began := time.Now()
	p := pageOf(t, s, query.Filter{}, false)
	address := writeFolder(t, s, p)
	t.Logf("the folder is written in %v, with %d files of paths", time.Since(began), len(p.Meta.PathFiles))
	b := openTab(t, address)
	b.until("review.rows().length === 50000")
	for name, script := range map[string]string{
		"to DOMContentLoaded, ms": "return performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd",
		"to load, ms":             "return performance.getEntriesByType('navigation')[0].loadEventEnd",
		"filter by class, ms":     "review.filter.classes.add(1); const t=performance.now(); review.update(); return performance.now()-t",
		"search alone, ms":        "const t=performance.now(); review.search(); return performance.now()-t",
	} {
		t.Logf("%s: %.0f", name, eval[float64](b, script))
	}
	eval[any](b, "document.getElementById('clear').click()")
	b.until("review.havePaths()")
	for name, shape := range map[string]string{
		"zone":  "{kind:'zone',name:'z',points:[[60,60],[200,70],[180,170],[50,150]],rule:'enters',side:'',dwell:0}",
		"line":  "{kind:'line',name:'l',points:[[160,10],[150,178]],rule:'cross',side:'',dwell:0}",
		"again": "{kind:'line',name:'l',points:[[160,10],[150,178]],rule:'cross',side:'',dwell:0}",
	} {
		got := eval[[]float64](b, "review.filter.shapes=["+shape+"]; const t=performance.now(); review.update(); return [performance.now()-t, review.rows().length]")
		t.Logf("%s: %.0f ms, %.0f tracks", name, got[0], got[1])
	}
}
