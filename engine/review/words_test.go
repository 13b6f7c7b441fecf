package review_test

import (
	"iter"
	"strings"
	"testing"

	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// A page of a search by plate says in its language how each plate met what was
// asked for, and of a masked one nothing that was read.
func TestBrowserSaysHowAPlateMet(t *testing.T) {
	s := rareTown(t)
	for _, c := range []struct {
		pattern  string
		fuzzy    int
		fr, en   string
		withheld string // was read, and is masked
	}{
		{"AB123CD", 0, "lue comme demandé", "read as asked", ""},
		{"A8123CD", 0, "un caractère semblable à 8 lu au rang 2", "a look-alike of 8 read at 2", "B"},
		{"AB923CD", 1, "un autre lu pour 9 au rang 3", "another read for 9 at 3", ""},
		{"AB1235CD", 1, "5 non lu après le rang 5", "5 not read after 5", ""},
		{"AB12CD", 1, "un caractère lu en trop au rang 5", "a character read besides at 5", ""},
	} {
		page := pageOf(t, s, query.Filter{Plate: &query.Plate{Pattern: c.pattern, Fuzzy: c.fuzzy}}, false)
		b := openTab(t, writeFolder(t, s, page))
		b.until("review.rows().length === 3")
		facts := "review.choose(0,false);return document.getElementById('facts').innerText"
		fr := eval[string](b, facts)
		en := eval[string](b, "document.getElementById('lang').click();"+facts)
		if !strings.Contains(fr, c.fr) || !strings.Contains(en, c.en) || strings.Contains(fr, c.en) {
			t.Errorf("%s: the page says\n%s\nand\n%s\nnot %q and %q", c.pattern, fr, en, c.fr, c.en)
		}
		if c.withheld != "" && strings.Contains(fr, c.withheld+" lu") {
			t.Errorf("%s: the page tells what was read: %s", c.pattern, fr)
		}
	}
}

// Cards, the facts and the filters tell a person's lower clothing.
func TestBrowserTellsClothing(t *testing.T) {
	dressed := func(tracks iter.Seq[scene.Track]) iter.Seq[scene.Track] {
		return func(yield func(scene.Track) bool) {
			for t := range tracks {
				t.Class, t.Colour, t.Lower, t.LowerScore = scene.Person, scene.Grey, scene.Black, .75
				switch t.ID {
				case 2:
					t.Lower, t.LowerScore = scene.UnknownColour, 0
				case 3:
					t.Class, t.Lower = scene.Car, scene.UnknownColour
				case 4:
					t.Colour, t.Lower = scene.UnknownColour, scene.Blue
				}
				if !yield(t) {
					return
				}
			}
		}
	}
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), whole(scene.Seen), dressed(walks(6, 3, 40)))
	b := openTab(t, writeFolder(t, s, pageOf(t, s, query.Filter{}, false)))
	b.until("review.rows().length === 6")
	for row, want := range []string{"haut gris, bas noir", "gris", "gris", "haut ?, bas bleu"} {
		card := eval[string](b, "review.choose("+string(rune('0'+row))+",false);return document.getElementById('row-"+string(rune('0'+row))+"').querySelectorAll('p')[1].textContent")
		if !strings.HasPrefix(card, want+" · ") {
			t.Errorf("card %d says %q, want %q", row, card, want)
		}
	}
	if facts := eval[string](b, "review.choose(0,false);return document.getElementById('facts').innerText"); !strings.Contains(facts, "/ noir (indice 0,75)") {
		t.Errorf("the facts: %s", facts)
	}
	if en := eval[string](b, "document.getElementById('lang').click();return document.getElementById('row-0').textContent"); !strings.Contains(en, "grey over black") {
		t.Errorf("in English the card says %q", en)
	}
	got := eval[[]any](b, "[...document.querySelectorAll('#facets legend')].find(l=>l.dataset.t==='lower').parentElement.querySelector('input[data-value=black]').click();"+
		"return [review.rows().length, review.commandLine()]")
	if got[0] != 3.0 || !strings.Contains(got[1].(string), "--lower black") {
		t.Errorf("with black trousers: %v", got)
	}
	b.quiet("file://")
}
