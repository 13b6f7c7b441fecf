package report

import (
	"encoding/json"

	"posteriori/engine/wire"
)

// settingFields are the settings of acts that make a file, and of analyses, as
// the journal has them. What is not set, and what is no, is not told.
var settingFields = map[string]field{
	// A synopsis: synopsis.Options.
	"mode":           {"présentation", named(map[string]string{"objects": "objets réunis", "condense": "temps vides retranchés", "timelapse": "accéléré régulier"})},
	"duration_us":    {"longueur voulue", setSpan},
	"density":        {"objets à l’écran voulus", setNumber},
	"overlap":        {"recouvrement admis", setShare},
	"still_speed":    {"vitesse de ce qui est immobile", setTimes},
	"cut_us":         {"passages coupés au-delà de", setSpan},
	"pad_us":         {"marge avant et après", setSpan},
	"width":          {"largeur au plus", setPixels},
	"trail_us":       {"trace du chemin", setSpan},
	"colour_by":      {"couleurs selon", named(map[string]string{"class": "la nature"})},
	"arrange_for_us": {"temps donné à la mise en place", setSpan},
	// Answers, sheets, pages, graphs.
	"format":     {"format", setString},
	"paths":      {"chemins", yes("joints")},
	"thumbnails": {"vignettes", yes("jointes")},
	"sheet":      {"planche", yes("jointe")},
	"rejected":   {"pistes écartées montrées", setNumber},
	"activity":   {"graphique d’activité", yes("heure par heure")},
	"heatmap":    {"carte des passages", yes("tracée")},
	"clips":      {"extraits joints", setNumber},
	"synopses":   {"résumés joints", setNumber},
	"part":       {"partie", setNumber},
	"view":       {"consultation", setView},
	// Batches.
	"do":       {"lot", named(map[string]string{"plan": "plan d’exploitation", "run": "exploitation", "status": "compte rendu"})},
	"batch":    {"lot n°", setNumber},
	"item":     {"fichier n°", setNumber},
	"files":    {"fichiers", setNumber},
	"analyse":  {"à analyser", setNumber},
	"left_out": {"laissés de côté", setNumber},
	"bytes":    {"octets", setNumber},
	// An analysis: wire.Params.
	"detect_us":  {"objets cherchés toutes les", setSpan},
	"plane_area": {"points de l’image réduite", setNumber},
	"min_score":  {"score d’au moins", setNumber},
	"quarters":   {"quatre caméras dans l’image", yes("séparées")},
	"coverage":   {"étendue", named(map[string]string{wire.CoverageTriage: "tri préalable, tout n’est pas décodé"})},
}

// Settings writes an act's settings in French, and nothing for none.
func Settings(object string) string { return fieldWords(object, settingFields) }

// told makes a writer of values that says nothing of one that is not set.
func told[T comparable](write func(T) string) func(json.RawMessage) (string, bool) {
	return func(raw json.RawMessage) (string, bool) {
		var none T
		v, ok := decode[T](raw)
		if !ok || v == none {
			return "", ok
		}
		return write(v), true
	}
}

var (
	setSpan   = told(Span)
	setNumber = told(decimal)
	setShare  = told(func(v float64) string { return Percent(v) })
	setTimes  = told(func(v float64) string { return "×" + nbsp + decimal(v) })
	setPixels = told(func(v float64) string { return decimal(v) + nbsp + "pixels" })
	setString = told(func(v string) string { return v })
	setView   = told(func(v string) string {
		switch v {
		case "serve", "original":
			return "page de relecture"
		case "evidence", "evidence-check":
			return "pièces"
		}
		return v
	})
)

func yes(what string) func(json.RawMessage) (string, bool) {
	return told(func(bool) string { return what })
}

// named writes a value that has a name in French; another stands as it is.
func named(words map[string]string) func(json.RawMessage) (string, bool) {
	return func(raw json.RawMessage) (string, bool) {
		v, ok := decode[string](raw)
		if ok && v == "" {
			return "", true
		}
		s, ok := words[v]
		return s, ok
	}
}
