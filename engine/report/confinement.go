package report

import (
	"regexp"
	"strings"
)

// confinementWords are the parts of what the worker says of its own confinement
// (wire.Hello.Sandbox), in French. The order counts: the first that fits.
var confinementWords = []struct {
	form *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`^files by landlock v(\d+)$`), "accès aux fichiers limité aux pièces du travail (Landlock, version $1)"},
	{regexp.MustCompile(`^files not confined.*`), "accès aux fichiers NON limité"},
	{regexp.MustCompile(`^no network$`), "aucun réseau"},
	{regexp.MustCompile(`^no network but loopback$`), "aucun réseau, hors l’interface interne de la machine"},
	{regexp.MustCompile(`^network not confined$`), "réseau NON coupé"},
	{regexp.MustCompile(`^as nobody$`), "compte sans droits"},
	{regexp.MustCompile(`^no capability but to read the job's files$`), "aucun privilège, sauf la lecture des pièces du travail"},
	{regexp.MustCompile(`^no capability$`), "aucun privilège"},
	{regexp.MustCompile(`^at most \d+ processes$`), "nombre de processus borné"},
	{regexp.MustCompile(`^(\d+) min of CPU time each$`), "temps de calcul borné"},
	{regexp.MustCompile(`^(\d+) MiB of memory each$`), "mémoire bornée à $1 Mio par processus"},
	{regexp.MustCompile(`^system calls by seccomp$`), "appels système filtrés (seccomp)"},
	{regexp.MustCompile(`^no sockets but local ones$`), "connexions locales seules"},
	{regexp.MustCompile(`^no sockets$`), "aucune connexion"},
	{regexp.MustCompile(`^not in force: .*`), "une protection n’a pas pu être mise en place"},
}

// confinementText says in French what held the worker in; the empty text is one
// that was not recorded.
func confinementText(s string) string {
	if s == "" {
		return "non consigné"
	}
	var out []string
	for _, part := range confinementParts(s) {
		word := "« " + clean(part) + " » (terme du logiciel)"
		for _, w := range confinementWords {
			if w.form.MatchString(part) {
				word = w.form.ReplaceAllString(part, w.says)
				break
			}
		}
		out = append(out, word)
	}
	return strings.Join(out, " ; ")
}

// confinementParts cuts at commas. What follows a protection that is not in
// force up to the next known one is its cause.
func confinementParts(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ", ") {
		known := false
		for _, w := range confinementWords {
			known = known || w.form.MatchString(part)
		}
		if n := len(out); !known && n > 0 && strings.HasPrefix(out[n-1], "not in force: ") {
			out[n-1] += ", " + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// NotConfined lists the protections in what the worker says of its confinement
// that are not in force, in its own words.
func NotConfined(s string) []string {
	var out []string
	for _, part := range confinementParts(s) {
		if strings.HasPrefix(part, "not in force: ") || strings.Contains(part, "not confined") {
			out = append(out, part)
		}
	}
	return out
}
