package plate

import (
	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

// sure is a read of text with one share for every character.
func sure(text string, share float64) Read {
	r := Read{Box: scene.Box{W: 120, H: 26}, Found: 1}
	for _, c := range []byte(text) {
		var ch Char
		ch[index(c)] = share
		r.Chars = append(r.Chars, ch)
	}
	return r
}

// at moves a read to a time.
func at(us int64, r Read) Read {
	r.TUS = us
	return r
}

// with gives a second choice to the character at place i.
func with(r Read, i int, c byte, share float64) Read {
	r.Chars[i][index(c)] = share
	return r
}

func genText(t *rapid.T, lo, hi int) string {
	n := rapid.IntRange(lo, hi).Draw(t, "length")
	out := make([]byte, n)
	for i := range out {
		out[i] = Alphabet[rapid.IntRange(0, Symbols-1).Draw(t, "symbol")]
	}
	return string(out)
}

// genRead draws any read, with up to four shares a character.
func genRead(t *rapid.T) Read {
	r := Read{
		TUS: rapid.Int64Range(-1<<50, 1<<50).Draw(t, "t"),
		Box: scene.Box{
			X: rapid.Float64Range(-100, 5000).Draw(t, "x"), Y: rapid.Float64Range(-100, 5000).Draw(t, "y"),
			W: rapid.Float64Range(0, 900).Draw(t, "w"), H: rapid.Float64Range(0, 300).Draw(t, "h"),
		},
		Found: rapid.Float64Range(0, 1).Draw(t, "found"),
	}
	for range rapid.IntRange(0, 10).Draw(t, "chars") {
		var c Char
		rest := 1.0
		for range rapid.IntRange(0, 4).Draw(t, "choices") {
			v := rapid.Float64Range(0, rest).Draw(t, "share")
			k := rapid.IntRange(0, Symbols-1).Draw(t, "symbol")
			if c[k] == 0 {
				c[k] = v
				rest -= v
			}
		}
		r.Chars = append(r.Chars, c)
	}
	return r
}
