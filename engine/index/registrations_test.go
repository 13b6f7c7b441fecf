package index

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// readOf is one sure read of a plate.
func readOf(text string) []byte {
	r := plate.Read{TUS: 5, Box: scene.Box{W: 120, H: 26}, Found: 1}
	for _, c := range []byte(text) {
		var ch plate.Char
		ch[plate.Bit(c)] = 1
		r.Chars = append(r.Chars, ch)
	}
	return plate.Pack(plate.Fuse([]plate.Read{r}))
}

func withPlates(t *testing.T) *Store {
	t.Helper()
	s := openTest(t)
	for n := range 2 {
		rec := add(t, s, testRecording(n))
		begin(t, s, rec, "one")
		var tracks []scene.Track
		for id, text := range []string{"AB123CD", "", "EF456GH"} {
			k := testTrack(int64(id + 1))
			if text != "" {
				k.Plates = readOf(text)
			}
			tracks = append(tracks, k)
		}
		finish(t, s, rec, tracks...)
	}
	return s
}

func plates(t *testing.T, s *Store, keys ...Key) (out []string) {
	t.Helper()
	status := map[Key]Status{}
	for _, r := range collect(t, s, Where{}) {
		status[Key{r.Recording, r.Track.ID}] = r.Status
	}
	for r, err := range s.Registrations(t.Context(), keys) {
		if err != nil {
			t.Fatal(err)
		}
		text, _ := r.Visible(status[Key{r.Recording, r.Track}])
		out = append(out, text)
	}
	return out
}

// Rule 10: what was read is shown once a person has validated the track and
// another act has unmasked its plate; a rejection hides it for good.
func TestPlatesAreMasked(t *testing.T) {
	s := withPlates(t)
	const blocks = "██-███-██"
	all := []Key{{1, 1}, {1, 2}, {1, 3}, {2, 3}}
	if d := cmp.Diff([]string{blocks, blocks, blocks}, plates(t, s, all...)); d != "" {
		t.Error(d)
	}
	err := s.Unmask(t.Context(), 1, 1, "OPJ-1", 9)
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("unmasking a proposal: %v", err)
	}
	decide(t, s, 1, 1, Validated, "")
	if got := plates(t, s, Key{1, 1}); got[0] != blocks {
		t.Errorf("validated, not unmasked: %s", got)
	}
	if err := s.Unmask(t.Context(), 1, 1, "OPJ-1", 9); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"AB123CD", blocks, blocks}, plates(t, s, all...)); d != "" {
		t.Error(d)
	}
	r, l, err := s.Registration(t.Context(), 1, 1)
	if err != nil || r.UnmaskedBy != "OPJ-1" || r.UnmaskedRecord != 9 || r.UnmaskedUS == 0 || len(l.Reads) != 1 {
		t.Errorf("%+v, %d reads, %v", r, len(l.Reads), err)
	}
	decide(t, s, 1, 1, Rejected, "")
	if got := plates(t, s, Key{1, 1}); got[0] != "" {
		t.Errorf("rejected: %q", got)
	}
	decide(t, s, 1, 1, Validated, "")
	if got := plates(t, s, Key{1, 1}); got[0] != blocks {
		t.Errorf("validated after a rejection: %q, which nobody unmasked since", got)
	}
	for key, kind := range map[Key]fault.Kind{{1, 2}: fault.NotFound, {1, 9}: fault.NotFound} {
		if _, _, err := s.Registration(t.Context(), key.Recording, key.Track); fault.KindOf(err) != kind {
			t.Errorf("%v: %v", key, err)
		}
	}
	decide(t, s, 1, 2, Validated, "")
	if err := s.Unmask(t.Context(), 1, 2, "OPJ-1", 9); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unmasking a track without a plate: %v", err)
	}
}

func TestErasedPlates(t *testing.T) {
	s := withPlates(t)
	out, err := s.EraseTrack(t.Context(), 1, 1)
	if err != nil || out.Rows["registration"] != 1 || out.Rows["registration_read"] != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err = s.EraseRecording(t.Context(), 2); err != nil || out.Rows["registration"] != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	if got := plates(t, s, Key{1, 1}, Key{1, 3}, Key{2, 1}); len(got) != 1 {
		t.Errorf("%q are left", got)
	}
	if some, err := s.HasRegistrations(t.Context()); !some || err != nil {
		t.Error(some, err)
	}
	if some, err := openTest(t).HasRegistrations(t.Context()); some || err != nil {
		t.Error(some, err)
	}
}

func TestDamagedReadsAreRefused(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(0))
	begin(t, s, rec, "one")
	k := testTrack(1)
	k.Plates = []byte{1, 2, 3}
	if err := s.Finish(t.Context(), rec, func(yield func(scene.Track) bool) { yield(k) }, nil); err == nil {
		t.Error("damaged reads were stored")
	}
}
