package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Vocabulary is a set of terms of the engine that documents show in French.
type Vocabulary string

// The vocabularies.
const (
	Class         Vocabulary = "class"         // scene.Class
	Colour        Vocabulary = "colour"        // scene.Colour
	Heading       Vocabulary = "heading"       // scene.Compass
	Coverage      Vocabulary = "coverage"      // scene.CoverageKind
	Reason        Vocabulary = "reason"        // why a span was not seen
	LegalFrame    Vocabulary = "frame"         // procedure.Frame
	State         Vocabulary = "state"         // procedure.State
	Basis         Vocabulary = "basis"         // procedure.Basis
	Quality       Vocabulary = "quality"       // procedure.Quality
	Authorisation Vocabulary = "authorisation" // procedure.Kind
	Act           Vocabulary = "act"           // journal.Sub
	Outcome       Vocabulary = "outcome"       // journal.Outcome
	Failure       Vocabulary = "failure"       // fault.Kind
	Verdict       Vocabulary = "verdict"       // index.Verdict and index.Status
	Role          Vocabulary = "role"          // access.Role
	Nature        Vocabulary = "nature"        // access.Nature
	Derived       Vocabulary = "derived"       // kinds of derived file
	Task          Vocabulary = "task"          // models.Task
	Counted       Vocabulary = "counted"       // what an erasure counts
	Event         Vocabulary = "event"         // scene.Event
)

// Term is a term of the engine in French. What the table lacks is given back
// in guillemets, marked as untranslated.
func Term(v Vocabulary, name string) string {
	if name == "" {
		return unknown
	}
	if s, ok := words[v][name]; ok {
		return typo(s)
	}
	if v == Reason {
		return reasonWords(name)
	}
	return "«" + nbsp + clean(name) + nbsp + "» (terme du logiciel)"
}

// Known says whether the table has the term.
func Known(v Vocabulary, name string) bool {
	_, ok := words[v][name]
	return ok || v == Reason && reasonWords(name) != otherReason
}

var words = map[Vocabulary]map[string]string{
	Class: {
		"other": "objet mobile non identifié", "person": "piéton", "bicycle": "vélo", "motorcycle": "deux-roues motorisé",
		"car": "voiture", "truck": "camion ou fourgon", "bus": "autobus ou autocar", "bag": "sac", "suitcase": "valise",
		"animal": "animal",
	},
	Colour: {
		"unknown": "indéterminée", "black": "noir", "grey": "gris", "silver": "gris métallisé", "white": "blanc",
		"red": "rouge", "orange": "orange", "yellow": "jaune", "green": "vert", "blue": "bleu", "purple": "violet",
		"pink": "rose", "brown": "marron", "beige": "beige",
	},
	Heading: {
		"N": "vers le haut de l'image", "NE": "vers le haut, à droite", "E": "vers la droite", "SE": "vers le bas, à droite",
		"S": "vers le bas de l'image", "SW": "vers le bas, à gauche", "W": "vers la gauche", "NW": "vers le haut, à gauche",
	},
	Coverage: {
		"seen": "analysé", "damaged": "images altérées", "gap": "absence d'images",
		"relearning": "fond en cours de réapprentissage", "covered": "objectif masqué ou image vide",
		"not-analysed": "non analysé", "triaged": "non décodé (tri d'après la taille des paquets)",
	},
	Reason: {
		"the recording holds no pictures here":                                                        "l'enregistrement ne contient pas d'image à cet endroit",
		"no picture could be decoded":                                                                 "aucune image n'a pu être décodée",
		"the file ends before the container says it does":                                             "le fichier s'arrête avant la fin annoncée par son conteneur",
		"the decoder reports errors here":                                                             "le décodeur signale des erreurs à cet endroit",
		"the decoder hung here and was stopped":                                                       "le décodeur s'est bloqué à cet endroit et a été arrêté",
		"a photograph shows no motion, and no detector is installed":                                  "photographie sans mouvement, et aucun détecteur n'est installé",
		"nothing to see: lens covered or picture blank":                                               "rien de visible : objectif masqué ou image uniforme",
		"cuda was asked for, and the CPU computes: the card, its driver or its libraries are missing": "calcul demandé sur carte graphique et fait par le processeur : la carte, son pilote ou ses bibliothèques manquent",
		"cuda was asked for, and the CPU decodes: the card or FFmpeg does not take this recording":    "décodage demandé sur carte graphique et fait par le processeur : la carte ou FFmpeg ne prend pas cet enregistrement",
		"camera moved":         "la caméra a bougé",
		"brightness jump":      "saut de luminosité",
		"the worker broke off": "le programme d'analyse s'est interrompu sur cette partie",
	},
	LegalFrame: {
		"flagrance": "enquête de flagrance", "preliminary": "enquête préliminaire", "commission-rogatoire": "commission rogatoire",
		"74": "recherche des causes de la mort ou de blessures (article 74 du CPP)", "74-1": "recherche d'une personne disparue (article 74-1 du CPP)",
	},
	Basis: {
		"requisition": "réquisition", "seizure": "saisie", "handover": "remise", "access": "accès par habilitation",
	},
	Quality: {
		"procureur": "procureur de la République", "juge-instruction": "juge d'instruction",
		"magistrat-referent": "magistrat référent",
	},
	Authorisation: {
		"given": "autorisation donnée", "deemed": "autorisation réputée acquise (flagrance)", "veto": "opposition du procureur",
		"revoked": "autorisation retirée", "frame-changed": "changement de cadre, autorisation à redemander",
	},
	Outcome: {"ok": "accompli", "refused": "refusé", "failed": "échec"},
	Failure: {
		"internal": "erreur interne", "usage": "commande mal formée", "refused": "refus", "bad-input": "fichier inutilisable",
		"integrity": "contrôle d'intégrité en échec", "missing": "composant absent", "not-found": "objet introuvable",
		"no-space": "support plein ou non inscriptible", "interrupted": "interruption",
	},
	Verdict: {
		"proposed": "proposition non examinée", "validated": "validé", "rejected": "écarté", "comment": "observation",
	},
	Role: {
		"officer": "officier de police judiciaire", "agent": "agent de police judiciaire", "magistrate": "magistrat",
		"controller": "contrôleur", "auditor": "auditeur du journal", "administrator": "administrateur",
	},
	Nature: {
		"video": "enregistrements vidéo", "image": "photographies", "photo": "photographies", "plate": "plaques d'immatriculation",
		"plates": "plaques d'immatriculation", "journal": "journal", "all": "toutes natures de données",
	},
	State: {
		"open": "ouverte", "closing": "en cours de clôture", "purged": "données effacées", "closed": "clôturée",
	},
	Derived: {
		"synopsis": "résumé vidéo", "clip": "extrait d'enregistrement", "sheet": "planche d'images", "thumbnail": "vignette",
		"activity": "graphique d'activité", "review": "page de relecture", "manifest": "plan d'exploitation d'un lot",
		"batch": "compte rendu d'un lot", "report": "rapport d'exploitation", "mention": "mention en procédure",
		"certificate": "certificat d'effacement", "sidecar": "notice d'un résumé vidéo",
		"habilitation": "ligne d'habilitation",
	},
	Task: {
		"detector": "détecteur d'objets", "vehicle-attributes": "attributs de véhicules",
		"mover-classifier": "classifieur de ce qui bouge",
		"plate-detector":   "localisation de plaques", "plate-reader": "lecture de plaques",
	},
	Event: {"left": "objet déposé", "removed": "objet enlevé"},
	Counted: {
		"recordings": "enregistrements", "tracks": "pistes", "decisions": "décisions", "derived": "fichiers dérivés détruits",
		"handed_over": "fichiers dérivés remis, hors de portée du logiciel", "keys": "clé de chiffrement",
	},
	Act: {
		"init": "mise en service", "procedure-open": "ouverture de la procédure", "authorise": "autorisation enregistrée",
		"veto": "opposition enregistrée", "revoke": "retrait d'autorisation", "frame-change": "changement de cadre",
		"procedure-list": "liste des procédures", "procedure-show": "consultation de la procédure", "import": "versement d'enregistrements",
		"analyse": "analyse", "camera": "réglage d'une caméra", "query": "recherche", "view": "visionnage", "synopsis": "résumé vidéo",
		"validate": "validation", "export": "export", "unmask": "levée de masquage d'une plaque", "purge": "purge",
		"model-change": "changement de modèle", "model-list": "liste des modèles", "admin": "administration",
		"journal-show": "lecture du journal", "journal-verify": "vérification du journal", "journal-prove": "preuve tirée du journal",
		"journal-export": "export du journal", "journal-checkpoint": "point de contrôle du journal", "journal-stats": "statistiques du journal",
		"user-add": "ajout d'un utilisateur", "user-habilitate": "habilitation", "user-assign": "affectation à la procédure",
		"user-revoke": "retrait d'un utilisateur", "user-list": "liste des utilisateurs", "user-show": "consultation d'un utilisateur",
		"reject": "mise à l'écart", "comment": "observation", "explain": "explication d'un résultat", "review": "revue des résultats",
		"extend": "prolongation de la conservation", "close": "clôture", "batch": "recensement d'un lot d'enregistrements", "erase": "effacement ordonné", "rectify": "rectification ordonnée",
		"copy": "copie des données", "mention": "mention en procédure", "report": "rapport d'exploitation",
		"certificate": "certificat d'effacement", "compliance": "document de conformité", "alert": "alerte",
		"store-check": "contrôle de la base", "store-backup": "sauvegarde de la base", "store-restore": "restauration d'une sauvegarde de la base",
		"evidence-check": "vérification demandée",
	},
}

const otherReason = "autre cause technique"

var (
	lostForm = regexp.MustCompile(`^(\d+) pictures cannot be decoded(?:, (\d+) are faulty)?(?:: .*)?$`)
	badForm  = regexp.MustCompile(`^(\d+) pictures are faulty(?:: .*)?$`)
	hungForm = regexp.MustCompile(`^the worker said nothing for .*$`)
	errForm  = regexp.MustCompile(`^the decoder reports errors here: .*$`)
	fullForm = regexp.MustCompile(`^triage was asked for, and everything decoded: .*$`)
	sortForm = regexp.MustCompile(`^triage: packet sizes show no movement; of (\d+) objects in a sample of (\S+), half of it where packets are largest, (\d+) would be missed: at most ([\d.]+) % with (\d+) % confidence$`)
	offForm  = regexp.MustCompile(`^the worker broke off.*$`)
)

// reasonWords puts the reasons that carry numbers into French. What a hostile
// file made a decoder say behind a colon is left out.
func reasonWords(s string) string {
	count := func(digits string) string {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return digits
		}
		return Number(n)
	}
	if m := lostForm.FindStringSubmatch(s); m != nil {
		out := count(m[1]) + nbsp + "image(s) impossible(s) à décoder"
		if m[2] != "" {
			out = fmt.Sprintf("%s, %s%sdéfectueuse(s)", out, count(m[2]), nbsp)
		}
		return out
	}
	if m := badForm.FindStringSubmatch(s); m != nil {
		return count(m[1]) + nbsp + "image(s) défectueuse(s)"
	}
	if m := sortForm.FindStringSubmatch(s); m != nil {
		return typo(fmt.Sprintf("tri : la taille des paquets n'indique aucun mouvement ; sur %s objet(s) d'un échantillon de %s décodé en entier, choisi pour moitié là où les paquets sont les plus gros, %s seraient manqués : %s %% au plus, avec une confiance de %s %%",
			count(m[1]), m[2], count(m[3]), strings.ReplaceAll(m[4], ".", ","), m[5]))
	}
	switch {
	case fullForm.MatchString(s):
		return "tri demandé, mais impossible à garantir sur cet enregistrement : tout a été décodé"
	case hungForm.MatchString(s):
		return "le programme d’analyse ne répondait plus"
	case errForm.MatchString(s):
		return typo(words[Reason]["the decoder reports errors here"])
	case offForm.MatchString(s):
		return typo(words[Reason]["the worker broke off"])
	}
	return otherReason
}

var containerForm = regexp.MustCompile(`^container(?:, offset (\S+))?$`)

// ClockSource puts into French who or what said a recording's time, where the
// engine itself wrote it; what a person wrote stays.
func ClockSource(s string) string {
	if s == "given at import" {
		return "heure donnée lors du versement"
	}
	m := containerForm.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	if d, err := time.ParseDuration(m[1]); err == nil && d != 0 {
		return "date inscrite dans le fichier, décalée de " + Span(d.Microseconds())
	}
	return "date inscrite dans le fichier"
}

// accuracyWords are the phrases in which the list of models says what was measured,
// on what, and by whom, longest first.
var accuracyWords = strings.NewReplacer(
	"bicycle or motorcycle right", "deux-roues exact", "truck or bus right", "camion ou autobus exact", "person right", "piéton exact",
	"car right", "voiture exacte", "class right", "nature exacte", "no detector installed", "aucun détecteur installé",
	"found objects", "objets retrouvés", "bench, suite events,", "banc d’essai, suite events,",
	"read exactly, O and 0 taken as one", "lues exactement, O et 0 confondus", "read exactly", "lues exactement",
	"recall at IoU .5", "rappel à IoU 0,5", "precision, before reading", "précision avant lecture", "precision, of what reads as a plate", "précision de ce qui se lit comme une plaque",
	"plates suite of the benchmark", "banc d’essai, suite des plaques", "precision", "précision", "right about ", "exacte sur : ",
	"EU plates", "plaques européennes", "US plates", "plaques américaines", "Romanian dash camera", "caméra de bord roumaine",
	"photographs of vehicles", "photographies de véhicules", "labelled boxes", "rectangles étiquetés", "found by ", "trouvées par ",
	"for ranking only", "pour classement seulement", ", part; ", ", partie ; ", " of this project", " du projet", "published", "publié par l’auteur",
	"AP .50:.95", "AP 0,50 à 0,95", "BenchmarkPlates", "banc d’essai des plaques", "BenchmarkColours", "banc d’essai des couleurs",
	"BenchmarkCOCO128", "banc d’essai COCO-128",
	"black", "noir", "blue", "bleu", "green", "vert", "red", "rouge", "white", "blanc", "yellow", "jaune", "grey", "gris",
)

// container names a container as people do; FFmpeg lists the names of all that
// it reads with one demuxer.
func container(format string) string {
	switch format {
	case "mov,mp4,m4a,3gp,3g2,mj2":
		return "MP4 ou QuickTime"
	case "matroska,webm":
		return "Matroska ou WebM"
	case "mpegts":
		return "flux de transport MPEG"
	case "mpeg":
		return "flux de programme MPEG"
	}
	return format
}

// Licence puts into French what the list of models says of a licence beside its
// name.
func Licence(s string) string {
	return strings.NewReplacer("unclear", "incertaine", "weights trained with GPL-3.0 code", "poids appris avec un code GPL-3.0").Replace(s)
}

// Measured puts a set, metric or source of a model's accuracy into French.
func Measured(s string) string { return typo(accuracyWords.Replace(s)) }
