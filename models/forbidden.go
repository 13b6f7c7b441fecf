package models

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"
)

//go:embed forbidden.yaml
var forbiddenYAML []byte

// wordList is words that a text must not hold: whole ones, beginnings of
// words, and words in a row.
type wordList struct {
	Words   []string `yaml:"words,flow"`
	Starts  []string `yaml:"starts,flow"`
	Phrases []string `yaml:"phrases,flow"`
}

// forbiddenKind is one kind of thing that no model may tell.
type forbiddenKind struct {
	Kind     string `yaml:"kind"`
	Outside  bool   `yaml:"outside"` // not looked for in the inner names of a network
	wordList `yaml:",inline"`
}

// forbiddenTable is forbidden.yaml.
type forbiddenTable struct {
	Kinds   []forbiddenKind `yaml:"kinds"`
	Outputs wordList        `yaml:"outputs"`

	shown, inner, output *finder
}

var forbidden = sync.OnceValue(func() forbiddenTable {
	var t forbiddenTable
	dec := yaml.NewDecoder(bytes.NewReader(forbiddenYAML))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil {
		panic("forbidden.yaml: " + err.Error()) // built in; the tests read it
	}
	t.shown, t.inner, t.output = newFinder(), newFinder(), newFinder()
	for _, k := range t.Kinds {
		t.shown.add(k.wordList, k.Kind)
		t.output.add(k.wordList, k.Kind)
		if !k.Outside {
			t.inner.add(k.wordList, k.Kind)
		}
	}
	t.output.add(t.Outputs, "vector")
	return t
})

// place is where a text stands in a model.
type place int

const (
	shown  place = iota // names, labels, metadata: what the model says of itself
	inner               // names of the network's parts
	output              // the name of an output
)

// ForbiddenKinds lists the kinds of thing that no model may tell.
func ForbiddenKinds() []string {
	var out []string
	for _, k := range forbidden().Kinds {
		out = append(out, k.Kind)
	}
	return out
}

// Forbidden lists the words for which a model must not be in the engine: any
// that speaks of faces, embeddings, re-identification, pose, gender, age,
// emotion and their like in its name, file, task, decoder, source, ports,
// labels or notes. A clean model gives nil.
//
// Tasks are a closed list as well, what comes out of a model must be what the
// manifest says, and every number of it must have a meaning there ([Port]);
// this scan is one lock of several. [Inspect] does the same to the file.
func Forbidden(m Model) []string {
	texts := []string{m.Name, m.File, string(m.Task), m.Decoder, m.Source, m.URL, m.Notes}
	for _, p := range m.Inputs {
		texts = append(texts, p.Name)
	}
	texts = append(texts, m.Vocabularies...)
	for _, v := range m.vocabulary {
		texts = append(texts, v.Labels...)
		for l, c := range v.Classes {
			texts = append(texts, l, c)
		}
	}
	var found []string
	for _, t := range texts {
		found = append(found, forbiddenIn(t, shown)...)
	}
	for _, p := range m.Outputs {
		found = append(found, forbiddenIn(p.Name, output)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// forbiddenIn lists what a text must not hold, as "word (kind)".
func forbiddenIn(text string, at place) []string {
	words := split(text)
	if len(words) == 0 || isTensorFlowOutput(words) {
		return nil
	}
	t := forbidden()
	switch at {
	case inner:
		return t.inner.in(words)
	case output:
		return t.output.in(words)
	}
	return t.shown.in(words)
}

// isTensorFlowOutput knows the one clean use of a word on the list:
// TensorFlow's converter calls a lone output "Identity:0".
func isTensorFlowOutput(words []string) bool { return len(words) == 1 && words[0] == "identity" }

// finder looks words up; a network has tens of thousands of names. Each map
// leads to the kind.
type finder struct {
	words   map[string]string
	starts  map[string]string
	short   int                   // length of the shortest start
	phrases map[string][][]string // by the first word
	kinds   map[string]string     // of phrases
}

func newFinder() *finder {
	return &finder{words: map[string]string{}, starts: map[string]string{}, short: 99, phrases: map[string][][]string{}, kinds: map[string]string{}}
}

func (f *finder) add(l wordList, kind string) {
	for _, w := range l.Words {
		f.words[w] = kind
	}
	for _, s := range l.Starts {
		f.starts[s] = kind
		f.short = min(f.short, len(s))
	}
	for _, p := range l.Phrases {
		parts := strings.Fields(p)
		f.phrases[parts[0]] = append(f.phrases[parts[0]], parts)
		f.kinds[p] = kind
	}
}

func (f *finder) in(words []string) []string {
	var found []string
	for i, w := range words {
		if kind, ok := f.words[w]; ok {
			found = append(found, w+" ("+kind+")")
		}
		for n := f.short; n <= len(w); n++ {
			if kind, ok := f.starts[w[:n]]; ok {
				found = append(found, w+" ("+kind+")")
			}
		}
		for _, parts := range f.phrases[w] {
			if slices.Equal(parts, words[i:min(i+len(parts), len(words))]) {
				p := strings.Join(parts, " ")
				found = append(found, p+" ("+f.kinds[p]+")")
			}
		}
	}
	return found
}

// unaccented are the letters of French without their marks.
var unaccented = strings.NewReplacer("à", "a", "â", "a", "ä", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"î", "i", "ï", "i", "ô", "o", "ö", "o", "œ", "oe", "æ", "ae", "ù", "u", "û", "u", "ü", "u", "ÿ", "y", "ñ", "n",
	"\u0300", "", "\u0301", "", "\u0302", "", "\u0308", "", "\u0327", "") // and marks that stand alone

// split cuts a text into lower-case words without accents, at everything that
// is no letter, and where a capital follows a small letter (faceBox).
func split(text string) []string {
	var b strings.Builder
	prev := ' '
	for _, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(prev) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
		prev = r
	}
	return strings.FieldsFunc(unaccented.Replace(b.String()), func(r rune) bool { return !unicode.IsLetter(r) })
}

// ForbiddenWords lists the words in a text of any kind that no model, no
// column and no command may bear, each with its kind.
func ForbiddenWords(text string) []string { return forbiddenIn(text, output) }
