package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/compliance"
	"posteriori/engine/evidence"
	"posteriori/engine/report"
	"posteriori/models"
)

// paperFunc draws up one paper from the evidence of this installation.
type paperFunc func(ctx context.Context, s *engine.Store, act *engine.Act, e compliance.Evidence) (engine.Dossier, error)

func newPaperCommand(a *app, name, short, long string, draw paperFunc) *cobra.Command {
	var o paperOptions
	c := &cobra.Command{
		Use: name + " -o FILE", Short: short, Long: long + "\n" + exitStatus,
		Example: "  posteriori compliance " + name + " -o " + name + ".pdf --reason \"mise en service\"",
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(c, o.out, ".pdf", ".html"); err != nil {
				return err
			}
			return a.onCompliance(c.Context(), func(s *engine.Store, act *engine.Act) error {
				e, err := a.gather(s)
				if err != nil {
					return err
				}
				d, err := draw(c.Context(), s, act, e)
				if err != nil {
					return err
				}
				data, err := d.Render(o.out)
				if err != nil {
					return err
				}
				return a.writeRecorded(act, o, d.Kind, data)
			})
		},
	}
	o.bind(c, ".pdf or .html")
	return c
}

func newStatementCommand(a *app) *cobra.Command {
	var o paperOptions
	c := &cobra.Command{
		Use:   "statement -o FILE",
		Short: "Write the evidence as a file to join to the statement of compliance",
		Long: `Write the evidence that there are no biometrics, with the deployment record, as
text or JSON: what is joined to the statement of compliance. The exit status is
5 when a line of it fails; the file is written all the same.
` + exitStatus,
		Example: "  posteriori compliance statement -o annexe.txt --reason \"mise en service\"",
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(c, o.out, ".txt", ".json"); err != nil {
				return err
			}
			return a.onCompliance(c.Context(), func(s *engine.Store, act *engine.Act) error {
				e, err := a.gather(s)
				if err != nil {
					return err
				}
				data, err := statement(s, e, filepath.Ext(o.out))
				if err != nil {
					return err
				}
				if err := a.writeRecorded(act, o, "statement", data); err != nil {
					return err
				}
				return verdict(e)
			})
		},
	}
	o.bind(c, ".txt or .json")
	return c
}

func statement(s *engine.Store, e compliance.Evidence, ext string) ([]byte, error) {
	b, deployed := engine.BuildOf(), s.Meta().Compliance
	if ext == ".json" {
		return json.MarshalIndent(map[string]any{"mark": s.Mark(), "version": version, "build": b, "deployment": deployed, "evidence": e}, "", "  ")
	}
	var out bytes.Buffer
	if s.Demo() {
		fmt.Fprintln(&out, s.Mark())
	}
	fmt.Fprintf(&out, "posteriori %s %s\nSHA-256 %s\n", version, b.Revision, b.SHA256)
	fmt.Fprintf(&out, "compliance statement: %s of %s; impact assessment: %s\n\n", deployed.Reference, deployed.Date, deployed.ImpactAssessment)
	err := printEvidence(&out, e)
	return out.Bytes(), err
}

func checkRows(e compliance.Evidence) []report.Evidence {
	var out []report.Evidence
	for _, c := range e.Checks {
		list := c.Facts
		if !c.OK {
			list = c.Wrong
		}
		row := report.Evidence{What: c.Title.FR, Passed: c.OK}
		for _, t := range list {
			row.Found = append(row.Found, t.FR)
		}
		out = append(out, row)
	}
	return out
}

// functions are what the software does and what it does not hold.
var functions = []report.Function{
	{Name: "Détection d’objets en mouvement", What: "par l’image de fond et par des modèles dont les classes sont listées", Present: true},
	{Name: "Suivi dans un même enregistrement", What: "par la géométrie et le mouvement seuls", Present: true},
	{Name: "Classe, couleur, direction, taille, durée", What: "attributs de chaque objet, avec leur score, proposés à une personne", Present: true},
	{Name: "Couleur des vêtements", What: "haut et bas, parmi des couleurs nommées ; ne relie jamais deux passages", Present: true},
	{Name: "Objet déposé ou enlevé", What: "événement dans un enregistrement, proposé à une personne", Present: true},
	{Name: "Lecture de plaques d’immatriculation", What: "recherche par motif ; texte masqué jusqu’à la validation de l’objet et à la levée du masquage par un officier", Present: true},
	{Name: "Vitesse et taille au sol", What: "après étalonnage d’une caméra, toujours avec leur marge d’erreur", Present: true},
	{Name: "Recherche et résumé vidéo", What: "filtres par zone, ligne, heure, classe et couleur ; vues condensées, page de revue", Present: true},
	{Name: "Visage", What: "détection, reconnaissance, gabarit"},
	{Name: "Démarche, corps, posture, voix", What: "mesure ou reconnaissance"},
	{Name: "Ressemblance", What: "vecteur d’apparence, recherche par photographie, similitude de silhouette"},
	{Name: "Sexe, âge, origine, émotion, religion, handicap", What: "inférence d’une caractéristique d’une personne"},
	{Name: "Rapprochement de personnes entre caméras", What: "une personne le fait, jamais le logiciel"},
}

var security = []report.Measure{
	{Name: "Chiffrement", What: "une clé par procédure ; l’index est chiffré en entier"},
	{Name: "Journal", What: "enregistrements signés, arbre de hachage, vérifiable hors du poste"},
	{Name: "Cloisonnement", What: "les fichiers saisis sont lus par un programme sans réseau, sans clé, sans droit, limité aux fichiers de sa tâche"},
	{Name: "Postes de calcul", What: "s’il en est demandé pour un lot (--queue), ils lisent les originaux et analysent des tronçons ; la file d’attente ne contient que des références ; tâches et résultats sont déposés chiffrés, et seule la clé de la procédure ouvre les résultats"},
	{Name: "Modèles", What: "seuls ceux de la liste, d’après leur empreinte et leur contenu ; un refus donne une alerte"},
	{Name: "Originaux", What: "ouverts en lecture seule, empreinte contrôlée à chaque usage"},
}

func (a *app) technical(ctx context.Context, s *engine.Store, act *engine.Act, e compliance.Evidence) (engine.Dossier, error) {
	m, err := models.Load()
	if err != nil {
		return engine.Dossier{}, err
	}
	d := report.Technical{Functions: functions, Security: security, Evidence: checkRows(e), Models: cards(m, s.ModelsDir()),
		Updates: []string{"Une version est désignée par l’empreinte de son programme, inscrite à chaque enregistrement du journal.",
			"La liste des modèles fait partie du programme : elle ne change qu’avec lui."}}
	d.Components = components(e, libraryVersions(ctx))
	if w, err := analysis.FindWorker(); err == nil && w.ORTPath != "" {
		if id, err := evidence.Hash(ctx, w.ORTPath, nil); err == nil {
			d.Components[2].SHA256 = id.SHA256
		}
	}
	for _, c := range commandTree(freshTree()) {
		d.Commands = append(d.Commands, c.Path)
	}
	return engine.MakeTechnical(act, d)
}

// components are the parts of both programs, each once; the third is ONNX Runtime.
func components(e compliance.Evidence, libraries map[string]string) []report.Component {
	out := []report.Component{
		{Name: "OpenCV", Version: libraries["opencv"], Licence: "Apache-2.0", Role: "images (core, imgproc, imgcodecs seuls)"},
		{Name: "FFmpeg", Version: libraries["ffmpeg"], Licence: "LGPL ou GPL", Role: "décodage, programme séparé"},
		{Name: "ONNX Runtime", Version: libraries["onnxruntime"], Licence: "MIT", Role: "calcul des modèles"},
	}
	for _, m := range compliance.Modules(e.Programs) {
		out = append(out, report.Component{Name: m.Path, Version: m.Version, Licence: compliance.Licence(m.Path), Role: "module Go", SHA256: m.SHA256()})
	}
	return out
}

func cards(m *models.Manifest, dir string) []report.ModelCard {
	var out []report.ModelCard
	for _, s := range m.Verify(dir) {
		x := s.Model
		c := report.ModelCard{Name: x.Name, Task: report.Term(report.Task, string(x.Task)), SHA256: x.SHA256, Source: x.Source, Licence: x.Licence,
			Training: x.Training, Limits: x.Limits, Installed: s.State == models.OK, Labels: x.Labels(0)}
		for _, p := range x.Inputs {
			c.Inputs = append(c.Inputs, fmt.Sprintf("%s %s %v", p.Name, p.Type, p.Shape))
		}
		for _, p := range x.Outputs {
			c.Outputs = append(c.Outputs, fmt.Sprintf("%s %s %v (%s)", p.Name, p.Type, p.Shape, strings.Join(p.Holds, ", ")))
		}
		var figures []string
		for _, f := range x.Accuracy {
			figures = append(figures, fmt.Sprintf("%s, %s : %s (%s)", report.Measured(f.Set), report.Measured(f.Metric),
				report.Decimal(f.Value, 2), report.Measured(f.Source)))
		}
		c.Accuracy = strings.Join(figures, " ; ")
		out = append(out, c)
	}
	return out
}

func (a *app) impact(_ context.Context, _ *engine.Store, act *engine.Act, e compliance.Evidence) (engine.Dossier, error) {
	return engine.MakeImpact(act, report.ImpactDraft{
		Functions: functions, Security: security, Evidence: checkRows(e),
		Purposes: []string{"Exploiter après coup des enregistrements versés à une procédure judiciaire nommée et autorisée."},
		Data: []report.Category{
			{Name: "Enregistrements", Of: "personnes et véhicules filmés", Where: "à leur place d’origine, jamais modifiés", Identifying: true},
			{Name: "Objets suivis, vignettes, silhouettes", Of: "personnes et véhicules filmés", Where: "index chiffré de la procédure", Identifying: true},
			{Name: "Plaques d’immatriculation lues", Of: "titulaires et usagers des véhicules filmés", Where: "index chiffré de la procédure, masquées jusqu’à la validation", Identifying: true},
			{Name: "Résumés, extraits, vignettes et documents remis", Of: "personnes et véhicules filmés", Where: "là où l’agent les dépose, avec leur empreinte au journal", Identifying: true},
			{Name: "Registre des utilisateurs", Of: "utilisateurs", Where: "base du service, scellé par le journal", Identifying: true},
			{Name: "Journal", Of: "utilisateurs", Where: "journal signé, sans donnée sur les personnes filmées", Identifying: true},
		},
		Users:      []string{"Agents désignés, habilités et affectés à la procédure ; magistrat ; autorité de contrôle."},
		Recipients: []string{"Le magistrat et les services de la procédure."},
		Retention:  []report.Measure{{Name: "Données d’une procédure", What: "effacées à la clôture, au plus tard trois ans après l’enregistrement de chacune"}},
		Risks: []report.Risk{
			{Name: "Usage hors de la procédure", Source: "utilisateur", Answer: "un index et une clé par procédure, motif et journal à chaque acte", Left: "contrôle régulier du journal"},
			{Name: "Erreur d’un modèle", Source: "modèle", Answer: "toute réponse est une proposition, validée ou rejetée par une personne", Left: "formation des agents"},
			{Name: "Identification d’un véhicule par tâtonnement", Source: "utilisateur", Answer: "trois caractères connus au moins, nombre de recherches par plaque borné par jour, engagement au journal", Left: "contrôle des motifs"},
			{Name: "Document ancien remis en place", Source: "utilisateur ou tiers", Answer: "l’empreinte de chaque document est dans chaque enregistrement du journal ; alerte au responsable", Left: "point de contrôle gardé hors du poste"},
			{Name: "Accès frauduleux", Source: "tiers", Answer: "chiffrement, droits du système, second programme confiné", Left: "sécurité du poste et des sauvegardes"},
		},
		Rights: []report.Measure{{Name: "Rectification et effacement", What: "sur ordre, par référence, avec nouvelle version du rapport"}},
	})
}
