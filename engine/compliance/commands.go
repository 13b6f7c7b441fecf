package compliance

import (
	"regexp"
	"slices"
	"strings"

	"posteriori/models"
)

// Command is one command of the analyst's program.
type Command struct {
	Path  string // "posteriori query"
	Use   string // as its help shows it, with its arguments in capitals
	Flags []Flag
}

// Flag is one flag of a command.
type Flag struct {
	Name  string
	Value string // what its help calls the value: file, directory, text …
	Usage string
}

// likeness are words of a search by picture or by resemblance.
var likeness = []string{"photo", "photos", "picture", "pictures", "image", "images", "img", "jpeg", "jpg", "png",
	"snapshot", "sketch", "likeness", "similar", "similarity", "similarite", "resemble", "resembling", "ressemblance", "like",
	"appearance", "apparence", "silhouette", "template", "gallery", "watchlist", "probe"}

// inputs are the ways in which a command takes files, and what those are. A
// way that is not here fails, so that whoever adds one has to say what it is.
var inputs = map[string]Text{
	"* --document":           {"a magistrate's or an authority's document, of which the hash is kept", "document d’un magistrat ou d’une autorité, dont l’empreinte est gardée"},
	"import FILE":            {"recordings, into the procedure", "enregistrements, versés à la procédure"},
	"import DIR":             {"recordings, into the procedure", "enregistrements, versés à la procédure"},
	"batch plan DIR":         {"folders of recordings, to be listed", "dossiers d’enregistrements, à recenser"},
	"batch plan MANIFEST":    {"an earlier list of the same", "recensement antérieur des mêmes dossiers"},
	"batch run MANIFEST":     {"the list of recordings to import and analyse", "recensement des enregistrements à importer et à analyser"},
	"* --spool":              {"the folder in which worker machines are told chunks and leave results, sealed", "dossier où les postes de calcul reçoivent des tronçons et déposent leurs résultats, chiffrés"},
	"batch worker --models":  {"the folder of models", "dossier des modèles"},
	"store units --models":   {"the folder of models", "dossier des modèles"},
	"models install --from":  {"the folder of models", "dossier des modèles"},
	"hit import FILE":        {"decisions made in the page of a review, by track number", "décisions prises sur la page de revue, par numéro d’objet"},
	"serve --synopsis":       {"a synopsis made in this procedure, to be shown", "résumé vidéo fait dans cette procédure, à montrer"},
	"journal verify FILE":    {"an export of the journal, or a proof", "export du journal, ou preuve"},
	"journal verify DIR":     {"an export of the journal", "export du journal"},
	"journal verify --from":  {"an export of the journal", "export du journal"},
	"journal verify --held":  {"a checkpoint held outside", "point de contrôle gardé à l’extérieur"},
	"journal verify --key":   {"a public key", "clé publique"},
	"journal verify --proof": {"a proof from the journal", "preuve issue du journal"},
	"store restore DIR":      {"a backup of a store, to be put back", "sauvegarde de la base, à restaurer"},
	"* --keys":               {"the folder of the keys of backups", "dossier des clés des sauvegardes"},
	"journal prove --held":   {"a checkpoint held outside", "point de contrôle gardé à l’extérieur"},
}

// outputs are flags whose file the command writes, and the store itself.
var outputs = []string{"log", "output", "out", "thumbnails", "store", "sheet", "copy"}

var (
	flagInUse = regexp.MustCompile(`--?[a-z-]+ [A-Z][A-Za-z.|]*`) // "-o FILE.svg|FILE.png", judged as a flag
	capitals  = regexp.MustCompile(`\b[A-Z]{3,}\b`)
	fileWords = []string{"file", "files", "folder", "directory", "dir", "path", "document"}
	notWord   = regexp.MustCompile(`[^a-z]+`)
)

func wordsOf(s string) []string {
	return strings.Fields(notWord.ReplaceAllString(strings.ToLower(s), " "))
}

func anyOf(words, of []string) (string, bool) {
	for _, w := range words {
		if slices.Contains(of, w) {
			return w, true
		}
	}
	return "", false
}

// CheckCommands sees that no command takes a picture, searches by resemblance
// or by who a person is, and that each file that one takes is known.
func CheckCommands(list []Command) Check {
	c := check("commands", Text{"no command takes a picture or searches by resemblance", "Aucune commande ne prend d’image en entrée ni ne cherche par ressemblance"}, nil, nil)
	if len(list) < 10 {
		c.fail(say("only %d commands were read, which proves nothing", "%d commandes lues seulement, ce qui ne prouve rien", len(list)))
	}
	for _, cmd := range list {
		name := strings.TrimPrefix(cmd.Path, "posteriori ")
		if words := people(name); len(words) > 0 && name != "compliance biometrics" { // which proves their absence
			c.fail(speaks(name, words))
		}
		if w, ok := anyOf(wordsOf(name), likeness); ok {
			c.fail(say("the command %s is about %s", "la commande %s concerne %s", name, w))
		}
		_, args, _ := strings.Cut(cmd.Use, " ")
		for _, arg := range capitals.FindAllString(flagInUse.ReplaceAllString(args, ""), -1) {
			c.input(name, arg, arg, strings.ToLower(arg))
		}
		for _, f := range cmd.Flags {
			if words := people(f.Name); len(words) > 0 {
				c.fail(speaks(name+" --"+f.Name, words))
			}
			if !slices.Contains(outputs, f.Name) {
				c.input(name, "--"+f.Name, f.Name, f.Value)
			}
		}
	}
	c.Facts = append(c.Facts, say("%d commands read", "%d commandes lues", len(list)))
	return c
}

// people are the forbidden words of a name, but for those that number things.
func people(name string) []string {
	return slices.DeleteFunc(models.ForbiddenWords(name), func(w string) bool { return strings.HasPrefix(w, "id (") || strings.HasSuffix(w, "(vector)") })
}

// input judges one way in which a command is given something.
func (c *Check) input(command, way, name, value string) {
	if w, ok := anyOf(append(wordsOf(name), wordsOf(value)...), likeness); ok {
		c.fail(say("%s %s takes a %s", "%s %s prend : %s", command, way, w))
		return
	}
	if _, ok := anyOf(wordsOf(value), fileWords); !ok {
		return
	}
	why, known := inputs[command+" "+way]
	if !known {
		why, known = inputs["* "+way]
	}
	if !known {
		c.fail(say("%s %s takes a file of which nobody says what it is", "%s %s prend un fichier dont la nature n’est déclarée nulle part", command, way))
		return
	}
	fact := say("%s %s: %s", "%s %s : %s", command, way, why)
	if _, one := inputs[command+" "+way]; !one { // said once for all commands
		fact = say("%s: %s", "%s : %s", way, why)
	}
	if !slices.Contains(c.Facts, fact) {
		c.Facts = append(c.Facts, fact)
	}
}
