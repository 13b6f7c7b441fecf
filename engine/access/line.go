package access

import (
	"strings"
	"time"

	"posteriori/engine/procedure"
)

// natureWords are the natures as a procès-verbal says them.
var natureWords = map[Nature]string{Video: "enregistrements vidéo", Plates: "plaques d'immatriculation"}

// Line is the sentence for the procès-verbal that tells u's habilitation as it
// was at that time (rule 6), in French. A user of an unhabilitated role, or
// whose habilitation did not hold, is said to have none.
func (u User) Line(at time.Time) string {
	who := u.Account
	if u.Name != "" {
		who = u.Quality + " " + u.Name + ", matricule " + u.Matricule + ", " + u.Service
	}
	day := at.Local().Format("02/01/2006 à 15 h 04")
	h, ok := u.Habilitated("", at)
	if !ok || u.Revoked {
		return who + " : aucune habilitation en cours de validité le " + day + "."
	}
	words := make([]string, len(h.Natures))
	for i, n := range h.Natures {
		words[i] = natureWords[n]
	}
	return who + ", spécialement habilité(e) par " + h.Authority + " (référence " + h.Reference +
		", valable du " + frenchDay(h.From) + " au " + frenchDay(h.Until) + ", données : " + strings.Join(words, ", ") +
		", SHA-256 du document " + h.Document + "), habilitation en vigueur le " + day + " (" + articles("5", "6") + ")."
}

// frenchDay turns YYYY-MM-DD into DD/MM/YYYY.
func frenchDay(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return t.Format("02/01/2006")
}

// articles lists the articles behind rules, from the data.
func articles(rules ...string) string {
	var all []string
	for _, n := range rules {
		r, _, _ := procedure.LookUp(n)
		all = append(all, r.Articles...)
	}
	return strings.Join(all, ", ")
}
