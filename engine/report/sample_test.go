package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"
)

// paris is fixed, so that tests need no zone database.
var paris = time.FixedZone("CET", 3600)

var made = time.Date(2026, 3, 2, 13, 3, 7, 0, time.UTC)

func hash(n int) string { return fmt.Sprintf("%064x", uint64(n+1)*0x9e3779b97f4a7c15) }

func still(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sampleFrame() Frame {
	return Frame{Service: "Sûreté départementale de l’Hérault", Procedure: "2026-00123", Mark: "DÉMONSTRATION", Made: made, Zone: paris,
		Software: Software{Version: "v0.3.0", Revision: "0dd2e62f", SHA256: hash(1)}}
}

func sampleCase() Case {
	return Case{Number: "2026-00123", Parquet: "26 061 000 042", Offence: "Vol aggravé par deux circonstances : « à l'arraché », œuvre de plusieurs", Imprisonment: true, State: "open",
		LegalFrame: "preliminary", Service: "Sûreté départementale de l’Hérault", Opened: made.Add(-240 * time.Hour),
		Authorisations: []Authorised{
			{Kind: "deemed", LegalFrame: "flagrance", Recorded: made.Add(-240 * time.Hour)},
			{Kind: "frame-changed", LegalFrame: "preliminary", Recorded: made.Add(-200 * time.Hour)},
			{Kind: "given", LegalFrame: "preliminary", Magistrate: "Mme Anne Le Goff", Quality: "procureur", Date: "2026-02-22", Reference: "PR/2026/114", SHA256: hash(2), Recorded: made.Add(-190 * time.Hour)},
		}}
}

func sampleAgent() Agent {
	return Agent{Name: "Zoé Lefèvre", Quality: "capitaine de police, OPJ", Matricule: "1 234 567", Service: "Sûreté départementale de l’Hérault", Account: "zlefevre",
		Roles: []string{"officer"}, Assigned: true, Acts: 41,
		Habilitations: []Order{{Authority: "DIPN 34", Reference: "HAB/2026/07", SHA256: hash(3), From: "2026-01-01", Until: "2026-12-31", Natures: []string{"video"}, InForce: true}}}
}

func sampleRecordings() []Recording {
	return []Recording{
		{ID: 1, Name: "rue_de_la_Loge_cam3_2026-02-20T21-00.mp4", SHA256: hash(10), Bytes: 734_003_200, Exhibit: "Scellé n° 3", Basis: "requisition", Camera: "rue de la Loge, nord",
			Imported: made.Add(-180 * time.Hour), Format: "mov,mp4", Codec: "h264", Width: 1920, Height: 1080, LengthUS: 3_600_400_000,
			Clock: time.Date(2026, 2, 20, 20, 0, 12, 0, time.UTC), ClockUncertaintyUS: 2_000_000, ClockSource: "horloge parlante, PV n° 12", Analysed: true,
			Coverage: []Stretch{{0, 1_000_000_000, "seen", ""}, {1_000_000_000, 1_004_500_000, "damaged", "12 pictures cannot be decoded, 3 are faulty: cabac"}, {2_000_000_000, 2_060_000_000, "gap", "the recording holds no pictures here"}},
			Checks:   []Check{{12, made.Add(-100 * time.Hour), "analyse", true}, {40, made.Add(-2 * time.Hour), "export", true}}},
		{ID: 2, Name: "photo.jpg", SHA256: hash(11), Bytes: 1, Exhibit: "", Basis: "handover", Imported: made.Add(-170 * time.Hour), Still: true},
	}
}

func sampleProposal(n int64) Proposal {
	return Proposal{Recording: 1, Track: n, File: "rue_de_la_Loge_cam3_2026-02-20T21-00.mp4", SHA256: hash(10), Camera: "rue de la Loge, nord",
		Class: "car", ClassScore: 0.934, Colour: "red", ColScore: 0.61, Compass: "NE", StartUS: 67_400_000 + n*1_000_000, EndUS: 79_900_000 + n*1_000_000, BestUS: 70_000_000 + n*1_000_000,
		Start: time.Date(2026, 2, 20, 20, 1, 19, 0, time.UTC), WithinUS: 2_000_000, Frame: 1750 + n, Box: [4]int{1203, 440, 310, 190}}
}

func sampleDecision(verdict string, n int64) Decision {
	return Decision{Verdict: verdict, By: "Zoé Lefèvre, capitaine de police, OPJ, matricule 1 234 567", Text: "véhicule des faits : aile avant droite enfoncée",
		At: made.Add(-90 * time.Minute), Record: n, Leaf: "u1C6ZDWJYQ5a9Zc3yKAhrA4A5b4cWdk9uHjV9n0wS4E="}
}

// sampleReport has so many findings and searches.
func sampleReport(t testing.TB, findings, searches int) Exploitation {
	t.Helper()
	e := Exploitation{Frame: sampleFrame(), Version: 1, Case: sampleCase(), Agent: sampleAgent(), Users: []Agent{sampleAgent()},
		Recordings: sampleRecordings(), Question: "Identifier le véhicule aperçu rue de la Loge le 20 février 2026 vers 21 h.",
		Journal: Checkpoint{Origin: "posteriori/5f0c2a9be011/procedure/2026-00123", Size: 12_345, Root: "u1C6ZDWJYQ5a9Zc3yKAhrA4A5b4cWdk9uHjV9n0wS4E=", Key: "posteriori-5f0c2a9be011+0a1b2c3d+AdbZ4OIBz0Yb1vYvW0m9VqHn2eYp2qUe3dF9cOe0zO3G"},
		Erasure: []Due{{1, made.Add(-180 * time.Hour), made.AddDate(3, 0, -8), false}, {2, made.Add(-170 * time.Hour), made.AddDate(3, 0, -8), true}},
		Method: Method{Models: []Model{{"yolox-s", "détecteur d’objets", hash(20), "Megvii, YOLOX 0.1.1", "Apache-2.0"}},
			Analyses: []Analysis{{1, hash(21), []string{"yolox-s"}, hash(22), `{"min_score":0.35}`, "cpu", made.Add(-99 * time.Hour), 1204,
				"files by landlock v7, no network, not in force: operation not permitted, at most 259 processes, system calls by seccomp, no sockets", []Machine{{"PC-7", 3}, {"m-5f0c2a9be011", 1}}}}},
	}
	pic := still(t, 320, 180)
	for i := range findings {
		h, err := NewFinding(sampleProposal(int64(i+1)), sampleDecision("validated", int64(100+i)), pic)
		if err != nil {
			t.Fatal(err)
		}
		e.Findings = append(e.Findings, h)
	}
	for i := range searches {
		n := int64(i % 3)
		e.Searches = append(e.Searches, Search{Record: int64(30 + i), At: made.Add(time.Duration(i-3000) * time.Minute), By: "Zoé Lefèvre (1 234 567)", Act: "query", Reason: "véhicule des faits",
			Filter:  `{"classes":["car","truck"],"colours":["red"],"from":"2026-02-20T21:00:00+01:00","zones":[{"name":"porche","polygon":[{"X":10,"Y":20},{"X":30.5,"Y":20},{"X":30,"Y":44}]}],"enters":["porche"]}`,
			Results: &n, Outcome: "ok"})
	}
	return e
}

// fullReport has something in every part.
func fullReport(t testing.TB) Exploitation {
	e := sampleReport(t, 2, 4)
	e.Version, e.Replaces = 2, []Issue{{1, hash(50), made.Add(-48 * time.Hour), 77}}
	e.Ordered = []Ordered{{"erase", made.Add(-24 * time.Hour), 81, "TJ/2026/9", "piste 1:44"}}
	e.Searches[2].Outcome, e.Searches[2].Results, e.Searches[2].Rule = "refused", nil, "4"
	e.Searches[3].Outcome, e.Searches[3].Results, e.Searches[3].Failure = "failed", nil, "interrupted"
	p := sampleProposal(9)
	p.Start, p.Colour, p.Compass = time.Time{}, "unknown", ""
	p.Corrected = []Correction{{"class", "truck", "car", "Zoé Lefèvre", made.Add(-time.Hour), 90}}
	d := sampleDecision("rejected", 120)
	d.Text = "autre immatriculation lue sur place : véhicule hors de cause"
	a, err := NewSetAside(p, d)
	if err != nil {
		t.Fatal(err)
	}
	e.Aside, e.Undecided = []SetAside{a}, 1201
	e.Remarks = []Remark{{1, 2, "Zoé Lefèvre", "Le conducteur paraît seul.\nÀ rapprocher de l’audition du 21 février.", made.Add(-80 * time.Minute), 121}}
	e.Derived = []DerivedFile{{"synopsis", "resume.mp4", hash(60), 12_000_000, made.Add(-3 * time.Hour), 60, `{"mode":"objects"}`}}
	e.Recipients = []Recipient{{"TJ de Montpellier", "clé USB chiffrée", "BE/2026/3", hash(61), made.Add(-30 * time.Minute), 130}}
	e.Proofs = []Proof{{100, "u1C6ZDWJYQ5a9Zc3yKAhrA4A5b4cWdk9uHjV9n0wS4E=", strings.Split(strings.Repeat("u1C6ZDWJYQ5a9Zc3yKAhrA4A5b4cWdk9uHjV9n0wS4E= ", 14), " ")[:14]}}
	e.Reasons = []string{"véhicule des faits", "passage devant le commerce"}
	e.Extensions = []Extension{{"M. Paul Roux", "juge-instruction", "2026-02-28", "CR/4", hash(62), made.AddDate(4, 0, 0)}}
	return e
}

func sampleMention() Mention {
	return Mention{Frame: sampleFrame(), Case: sampleCase(), Agent: sampleAgent(), Users: []Agent{sampleAgent()}, Recordings: sampleRecordings(),
		Compliance: Compliance{"ENG/2026/1", "2026-01-05", "AIPD v1.2"}, Journal: Checkpoint{Origin: "posteriori/5f0c/procedure/2026-00123", Size: 14, Root: "u1C6ZDWJYQ5a9Zc3yKAhrA4A5b4cWdk9uHjV9n0wS4E="}}
}

func sampleHabilitation() Habilitation {
	return Habilitation{Frame: sampleFrame(), Agent: sampleAgent(), At: made.Add(-time.Hour), Document: hash(70), Record: 8, Journal: Checkpoint{Origin: "posteriori/5f0c/store", Size: 9, Root: "abc="}}
}

func sampleCertificate() Certificate {
	return Certificate{Frame: sampleFrame(), Case: sampleCase(), Agent: sampleAgent(), Ground: "Clôture de la procédure", Done: made, Record: 140,
		Erased: []Erased{{1, hash(10), "Scellé n° 3", made.Add(-180 * time.Hour)}}, Counts: []Count{{"pistes", 1204}, {"images", 1188}},
		Files: []Gone{{"synopsis", "resume.mp4", hash(60)}}, Method: []string{"destruction de la clé de la procédure", "suppression de l'index et des fichiers dérivés"},
		Searched: []string{"dossier de la procédure", "dossier temporaire"}, Report: Issue{2, hash(51), made.Add(-time.Hour), 135},
		Journal: Checkpoint{Origin: "posteriori/5f0c/procedure/2026-00123", Size: 141, Root: "abc="}}
}

func sampleTechnical() Technical {
	return Technical{Frame: sampleFrame(), Functions: []Function{{"Recherche par critères", "nature, couleur, direction, zone", true}, {"Reconnaissance faciale", "détection ou comparaison de visages", false}},
		Components: []Component{{"codeberg.org/go-pdf/fpdf", "v0.12.0", "MIT", "documents PDF", ""}, {"libopencv_core.so.406", "4.6", "Apache-2.0", "pixels", hash(80)}},
		Models:     []ModelCard{{Name: "yolox-s", Task: "détecteur d’objets", SHA256: hash(20), Source: "https://example.org/yolox_s.onnx", Labels: []string{"person", "car"}, Outputs: []string{"output float32 [1 8400 85]"}}},
		Evidence:   []Evidence{{"Bibliothèques liées", []string{"5 bibliothèques OpenCV", "aucune de visages"}, true}}, Security: []Measure{{"Chiffrement", "index chiffré par procédure"}},
		Commands: []string{"posteriori query"}, Updates: []string{"empreinte du programme au journal"}}
}

func sampleImpact() ImpactDraft {
	return ImpactDraft{Frame: sampleFrame(), Purposes: []string{"recherche des auteurs d'une infraction"}, Data: []Category{{"Pistes", "passants", "index chiffré", true}},
		Retention: []Measure{{"Pistes et images", "trois ans au plus"}}, Risks: []Risk{{"Accès illégitime", "perte d'un poste", "chiffrement par procédure", ""}},
		Evidence: []Evidence{{"Modèles", []string{"aucune étiquette interdite"}, true}}}
}

// samples are one of each document.
func samples(t testing.TB) map[string]Renderer {
	return map[string]Renderer{"mention": sampleMention(), "rapport": fullReport(t), "habilitation": sampleHabilitation(),
		"certificat": sampleCertificate(), "dossier": sampleTechnical(), "aipd": sampleImpact()}
}
