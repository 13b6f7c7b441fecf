package track

import (
	"fmt"
	"testing"

	"posteriori/engine/scene"
)

func TestExplore(t *testing.T) {
	base := sim{w: 1280, h: 720, fps: 25, detectHz: 4, seconds: 12, noise: 0.04, seed: 1}
	cases := map[string]func() sim{}
	cases["one"] = func() sim {
		s := base
		s.actors = []actor{walker(scene.Person, -20, 400, 50, 130, 130, 0, 0.5, 11)}
		return s
	}
	cases["cross"] = func() sim {
		s := base
		s.actors = []actor{walker(scene.Person, -20, 400, 50, 130, 130, 0, 0.5, 11), walker(scene.Person, 1300, 410, 50, 130, -130, 0, 0.5, 11)}
		return s
	}
	cases["cross-noblob"] = func() sim { s := cases["cross"](); s.noBlobs = true; return s }
	cases["cross-nodet"] = func() sim { s := cases["cross"](); s.detectHz = 0; return s }
	cases["miss"] = func() sim { s := cases["cross"](); s.miss = 0.4; return s }
	cases["split"] = func() sim { s := cases["cross"](); s.split = 0.5; return s }
	cases["occl"] = func() sim {
		s := base
		s.actors = []actor{hidden(walker(scene.Person, -20, 400, 50, 130, 130, 0, 0.5, 11), 4, 6)}
		return s
	}
	cases["occl-nodet"] = func() sim { s := cases["occl"](); s.detectHz = 0; return s }
	cases["fastcar12"] = func() sim {
		s := base
		s.fps = 12
		s.actors = []actor{walker(scene.Car, -80, 400, 140, 60, 730, 0, 0.5, 11), walker(scene.Car, -80, 500, 140, 60, 730, 0, 1.5, 11), walker(scene.Motorcycle, 1300, 300, 60, 50, -730, 0, 1.5, 11)}
		return s
	}
	cases["fastcar12-nodet"] = func() sim { s := cases["fastcar12"](); s.detectHz = 0; return s }
	for _, n := range []string{"one", "cross", "cross-noblob", "cross-nodet", "miss", "split", "occl", "occl-nodet", "fastcar12", "fastcar12-nodet"} {
		s := cases[n]()
		ts := run(s.w, s.h, s.frames())
		ta := score(s, ts)
		fmt.Printf("%-16s tracks %d truth %d matched %d sw %d extra %d iou %.3f %v\n", n, len(ts), ta.truth, ta.matched, ta.switches, ta.extra, ta.iou, ta.owners)
		for _, k := range ts {
			fmt.Printf("    id %d %s end %d %.2f-%.2f obs %.2f mot %.2f trav %.1f abs %v pts %d\n", k.ID, k.Class(), k.Ending, float64(k.FirstUS)/1e6, float64(k.LastUS)/1e6, k.Observed, k.Motion, k.Travel, k.Absorbed, len(k.Path))
		}
	}
}
