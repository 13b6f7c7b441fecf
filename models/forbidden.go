package models

import (
	"slices"
	"strings"
	"unicode"
)

// The words of biometrics and of sensitive inference about people. A word of
// prefixes matches every word that starts so.
var (
	forbiddenWords = []string{
		"age", "ages", "sex", "race", "skin", "gait", "iris", "ear", "palm", "voice",
		"speaker", "head", "pose", "poses", "openpose", "movenet", "blazepose", "reid",
		"osnet", "fairmot", "deepsort", "identity", "identification", "id", "smile", "mood",
	}
	forbiddenPrefixes = []string{
		"face", "facial", "embed", "biometr", "gender", "emotion", "ethnic", "keypoint",
		"skeleton", "landmark", "fingerprint", "retina", "arcface", "cosface", "insightface",
		"reident", "identif", "recogniz", "sentiment", "religi", "descriptor",
	}
	// Words that stand together in a text: re-identification, person attributes.
	forbiddenPairs = [][2]string{
		{"re", "id"}, {"re", "identification"}, {"person", "attributes"}, {"feature", "vector"},
		{"person", "recognition"}, {"appearance", "feature"}, {"body", "parts"},
	}
)

// Forbidden lists the words for which a model must not be in the engine: any
// that speaks of faces, embeddings, re-identification, pose, gender, age,
// emotion and their like in its name, file, task, decoder, source, ports,
// labels or notes. A clean model gives nil.
//
// Tasks are a closed list as well, and what comes out of a model must be what
// the manifest says; this scan is the second lock, not the only one.
func Forbidden(m Model) []string {
	texts := []string{m.Name, m.File, string(m.Task), m.Decoder, m.Source, m.URL, m.Notes}
	for _, p := range slices.Concat(m.Inputs, m.Outputs) {
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
		found = append(found, forbiddenIn(t)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func forbiddenIn(text string) []string {
	words := split(text)
	var found []string
	for i, w := range words {
		if slices.Contains(forbiddenWords, w) && !harmless(words, i) {
			found = append(found, w)
		}
		for _, p := range forbiddenPrefixes {
			if strings.HasPrefix(w, p) {
				found = append(found, w)
			}
		}
		for _, p := range forbiddenPairs {
			if i > 0 && words[i-1] == p[0] && w == p[1] {
				found = append(found, p[0]+"-"+p[1])
			}
		}
	}
	return found
}

// harmless knows the one clean use of a word on the list: TensorFlow's
// converter calls a lone output "Identity:0".
func harmless(words []string, i int) bool {
	return words[i] == "identity" && i == 0 && (len(words) == 1 || len(words) == 2 && words[1] == "0")
}

// split cuts a text into lower-case words at everything that is no letter or
// digit, and where a capital follows a small letter (faceBox).
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
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
