package plate

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNormal(t *testing.T) {
	for in, want := range map[string]string{"ab-123 cd": "AB123CD", "": "", "ÄÖ.7": "7", "1-ABC-234": "1ABC234"} {
		if got := Normal(in); got != want {
			t.Errorf("Normal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLookAlikeIsSymmetric(t *testing.T) {
	for _, a := range []byte(Alphabet) {
		for _, b := range []byte(Alphabet) {
			if LookAlike(a, b) != LookAlike(b, a) || a == b && LookAlike(a, b) {
				t.Errorf("%c %c", a, b)
			}
		}
	}
	if !LookAlike('O', '0') || !LookAlike('Q', 'D') || LookAlike('A', 'B') || LookAlike('0', '-') {
		t.Error("the classes are not those of Confusable")
	}
}

func TestVotesOutdoOneBadRead(t *testing.T) {
	l := Fuse([]Read{
		at(1, sure("AB123CD", .9)), at(2, sure("AB123CD", .8)), at(3, with(sure("A8123CD", .6), 1, 'B', .3)), at(4, sure("AB128CD", .7)),
	})
	text, score := l.Best()
	if text != "AB123CD" {
		t.Errorf("best %q", text)
	}
	if score <= 0 || score >= .9 {
		t.Errorf("score %.3f does not show that the reads disagree", score)
	}
	if d := cmp.Diff([]Count{{"AB123CD", 2}, {"A8123CD", 1}, {"AB128CD", 1}}, l.Raw()); d != "" {
		t.Error(d)
	}
}

// A read that lost its first character, and one that saw a bolt as a 1, must
// not shift the others' votes.
func TestAlignmentOfLackingAndExtra(t *testing.T) {
	l := Fuse([]Read{
		sure("AB123CD", .9), sure("B123CD", .9), sure("AB1123CD", .8), sure("AB123CD", .9), sure("AB123C", .9),
	})
	if text, _ := l.Best(); text != "AB123CD" {
		t.Errorf("best %q of %d places", text, len(l.Slots))
	}
	if text, _ := Fuse([]Read{sure("B123CD", .95), sure("AB123CD", .9), sure("AB123CD", .9)}).Best(); text != "AB123CD" {
		t.Errorf("the surest read first, with a character lacking: %q", text)
	}
}

func TestFuseOfNothing(t *testing.T) {
	for _, reads := range [][]Read{nil, {{TUS: 5}}} {
		l := Fuse(reads)
		if text, score := l.Best(); text != "" || score != 0 || len(l.Reads) != 0 || Pack(l) != nil {
			t.Errorf("%v: %q %v", reads, text, score)
		}
	}
}

func TestFuseKeepsTheBestReads(t *testing.T) {
	var reads []Read
	for i := range MaxReads + 20 {
		reads = append(reads, at(int64(i), sure("XX999XX", .3)))
	}
	reads = append(reads, at(999, sure("AB123CD", .99)))
	l := Fuse(reads)
	if len(l.Reads) != MaxReads || l.Reads[MaxReads-1].TUS != 999 {
		t.Errorf("%d reads, the last at %d", len(l.Reads), l.Reads[len(l.Reads)-1].TUS)
	}
}

func TestFuseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reads := rapid.SliceOfN(rapid.Custom(genRead), 0, 8).Draw(t, "reads")
		l := Fuse(reads)
		for i, s := range l.Slots {
			total := s.None
			for _, v := range s.Char {
				if v < 0 {
					t.Fatalf("place %d: share %v", i, v)
				}
				total += v
			}
			if math.Abs(total-1) > 1e-9 {
				t.Fatalf("place %d adds up to %v", i, total)
			}
		}
		if _, score := l.Best(); score < 0 || score > 1 {
			t.Fatalf("score %v", score)
		}
		for i := 1; i < len(l.Reads); i++ {
			if byTime(l.Reads[i-1], l.Reads[i]) > 0 {
				t.Fatal("reads out of order")
			}
		}
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(reads), func(i, j int) { reads[i], reads[j] = reads[j], reads[i] })
		if d := cmp.Diff(l, Fuse(reads)); d != "" {
			t.Fatalf("another order: %s", d)
		}
	})
}

// One sure text read often comes out, whatever single reads got wrong.
func TestMajorityWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genText(t, 5, 9)
		reads := []Read{sure(text, .9), sure(text, .9), sure(text, .9)}
		bad := []byte(text)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "where")] = Alphabet[rapid.IntRange(0, Symbols-1).Draw(t, "wrong")]
		reads = append(reads, sure(string(bad), .85))
		if got, _ := Fuse(reads).Best(); got != text {
			t.Fatalf("%q read three times, %q once: %q", text, bad, got)
		}
	})
}

func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Fuse(rapid.SliceOfN(rapid.Custom(genRead), 0, 8).Draw(t, "reads"))
		got, err := Unpack(Pack(l))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(l, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Custom(genRead), 0, 5).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Custom(genRead), 0, 5).Draw(t, "b")
		pa, pb := Pack(Fuse(a)), Pack(Fuse(b))
		one, err := Join(pa, pb)
		if err != nil {
			t.Fatal(err)
		}
		other, _ := Join(pb, pa)
		whole := Pack(Fuse(append(append([]Read{}, a...), b...)))
		if d := cmp.Diff(whole, one) + cmp.Diff(one, other); d != "" {
			t.Fatal(d)
		}
	})
	if _, err := Join([]byte{9}, nil); !errors.Is(err, ErrPacked) {
		t.Error(err)
	}
}

func TestPackIsSmall(t *testing.T) {
	var reads []Read
	for i := range 20 {
		reads = append(reads, at(int64(i)*200_000, with(sure("AB123CD", .9), 1, '8', .05)))
	}
	if n := len(Pack(Fuse(reads))); n > 20*45 {
		t.Errorf("20 reads take %d bytes", n)
	}
}

func TestUnpackRefuses(t *testing.T) {
	whole := Pack(Fuse([]Read{sure("AB123CD", .9)}))
	bad := map[string][]byte{
		"another format": append([]byte{format + 1}, whole[1:]...),
		"no reads":       {format, 0},
		"many reads":     {format, MaxReads + 1},
		"a tail":         append(append([]byte{}, whole...), 0),
	}
	for i := 1; i < len(whole); i++ {
		bad["cut"] = whole[:i]
		for name, data := range bad {
			if _, err := Unpack(data); !errors.Is(err, ErrPacked) {
				t.Errorf("%s (%d bytes): %v", name, len(data), err)
			}
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack(Fuse([]Read{at(1, sure("AB123CD", .9)), at(40_000, with(sure("A8123CD", .6), 1, 'B', .3))})))
	f.Add([]byte{format, 1, 0, 0, 0, 0, 0, 255, 1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Unpack(data)
		if err != nil {
			return
		}
		again, err := Unpack(Pack(l))
		if d := cmp.Diff(l, again); err != nil || d != "" {
			t.Errorf("packed again: %v %s", err, d)
		}
	})
}
