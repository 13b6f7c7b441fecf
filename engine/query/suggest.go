package query

import (
	"fmt"
	"slices"
	"strings"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// unknown says that a name is not known, and which known one is near.
func unknown(what, got string, known []string) error {
	s := french[fold(got)]
	if !slices.Contains(known, s) {
		s = nearest(got, known)
	}
	if s != "" {
		return fmt.Errorf("there is no %s %q: did you mean %q?", what, got, s)
	}
	if len(known) == 0 {
		return fmt.Errorf("there is no %s %q: none is given", what, got)
	}
	return fmt.Errorf("there is no %s %q: there is %s", what, got, strings.Join(known, ", "))
}

// french gives the engine's name for what a French-speaking user may write,
// without accents. It is for suggestions alone: a filter has one spelling.
var french = map[string]string{
	"rouge": "red", "bleu": "blue", "bleue": "blue", "vert": "green", "verte": "green", "blanc": "white", "blanche": "white",
	"noir": "black", "noire": "black", "gris": "grey", "grise": "grey", "argent": "silver", "argente": "silver", "jaune": "yellow",
	"violette": "purple", "mauve": "purple", "rose": "pink", "marron": "brown", "brun": "brown", "brune": "brown",
	"inconnu": "unknown", "inconnue": "unknown",
	"voiture": "car", "auto": "car", "automobile": "car", "berline": "car", "camion": "truck", "camionnette": "truck",
	"fourgon": "truck", "fourgonnette": "truck", "utilitaire": "truck", "van": "truck", "lorry": "truck",
	"autobus": "bus", "autocar": "bus", "moto": "motorcycle", "motocyclette": "motorcycle", "scooter": "motorcycle",
	"velo": "bicycle", "bicyclette": "bicycle", "bike": "bicycle", "personne": "person", "pieton": "person",
	"pedestrian": "person", "individu": "person", "sac": "bag", "valise": "suitcase", "bagage": "suitcase",
	"chien": "animal", "chat": "animal", "autre": "other",
	"propose": "proposed", "valide": "validated", "rejete": "rejected",
	"gauche": "left", "droite": "right",
}

var accents = strings.NewReplacer("é", "e", "è", "e", "ê", "e", "ë", "e", "à", "a", "â", "a", "î", "i", "ï", "i", "ô", "o", "û", "u", "ù", "u", "ç", "c")

// fold writes a word in lower case, without accents and without a plural's s.
func fold(s string) string {
	s = accents.Replace(strings.ToLower(strings.TrimSpace(s)))
	if _, ok := french[s]; !ok {
		s = strings.TrimSuffix(s, "s")
	}
	return s
}

// nearest is the known name at the least edit distance from got, if that is
// no more than half its length.
func nearest(got string, known []string) string {
	best, bestD := "", len([]rune(got))/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(got), strings.ToLower(k)); d < bestD {
			best, bestD = k, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment; R. Lowrance, R. Wagner, JACM 22(2), 1975).
func editDistance(a, b string) int {
	r, s := []rune(a), []rune(b)
	if len(r) > 64 || len(s) > 64 {
		return 64
	}
	rows := make([][]int, len(r)+1)
	for i := range rows {
		rows[i] = make([]int, len(s)+1)
		rows[i][0] = i
	}
	for j := range s {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(r); i++ {
		for j := 1; j <= len(s); j++ {
			cost := 1
			if r[i-1] == s[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && r[i-1] == s[j-2] && r[i-2] == s[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(r)][len(s)]
}

// eventNames are the events that a filter may name.
var eventNames = []string{scene.ThingLeft.String(), scene.ThingRemoved.String()}

func classNames() []string {
	var out []string
	for _, c := range scene.Classes() {
		out = append(out, c.String())
	}
	return out
}

func colourNames() []string {
	var out []string
	for _, c := range scene.Colours() {
		out = append(out, c.String())
	}
	return out
}

func statusNames() []string {
	var out []string
	for _, s := range index.Statuses {
		out = append(out, string(s))
	}
	return out
}

func names(zones []scene.Zone) []string {
	var out []string
	for _, z := range zones {
		out = append(out, z.Name)
	}
	slices.Sort(out)
	return out
}

func lineNames(lines []scene.Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Name)
	}
	slices.Sort(out)
	return out
}
