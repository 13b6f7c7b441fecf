package compliance

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Text is what a line of the evidence says: in English on the terminal, in
// French in the documents.
type Text struct{ EN, FR string }

// String is the English text.
func (t Text) String() string { return t.EN }

// MarshalJSON writes the English text alone.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.EN) }

// say makes a text of two formats for the same arguments; a Text among them
// stands in each language.
func say(en, fr string, args ...any) Text {
	french := slices.Clone(args)
	for i, a := range french {
		if t, ok := a.(Text); ok {
			french[i] = t.FR
		}
	}
	return Text{fmt.Sprintf(en, args...), fmt.Sprintf(fr, french...)}
}

// same is a text that both languages share: names, an error's words.
func same(s string) Text { return Text{s, s} }
