package compliance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"posteriori/models"
)

// Modules are the Go modules in these programs, each once, by path.
func Modules(programs []Program) []Module {
	var out []Module
	for _, p := range programs {
		out = append(out, p.Modules...)
	}
	slices.SortFunc(out, func(a, b Module) int {
		return strings.Compare(a.Path+"@"+a.Version, b.Path+"@"+b.Version)
	})
	return slices.Compact(out)
}

// The parts of CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json) that are
// written.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref,omitempty"`
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	PURL     string    `json:"purl,omitempty"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licences []licence `json:"licenses,omitempty"`
	Links    []link    `json:"externalReferences,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type licence struct {
	Licence struct {
		Name string `json:"name"`
	} `json:"license"`
}

type link struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

func licensed(name string) []licence {
	var l licence
	l.Licence.Name = name
	return []licence{l}
}

// SBOM is the list of components as CycloneDX JSON, the same bytes for the
// same installation: no date and no serial number. Libraries gives the
// versions of opencv, ffmpeg and onnxruntime, where they are known.
func SBOM(programs []Program, m *models.Manifest, libraries map[string]string, version string) ([]byte, error) {
	b := bom{Format: "CycloneDX", Spec: "1.5", Version: 1,
		Metadata: metadata{component{Type: "application", Name: "posteriori", Version: version}}}
	for _, x := range Modules(programs) {
		c := component{Type: "library", Ref: x.Path + "@" + x.Version, Name: x.Path, Version: x.Version,
			PURL: "pkg:golang/" + x.Path + "@" + x.Version, Hashes: sumHash(x.Sum)}
		if l := Licence(x.Path); l != "" {
			c.Licences = licensed(l)
		}
		b.Components = append(b.Components, c)
	}
	for _, l := range [][3]string{{"OpenCV", "opencv", "Apache-2.0"}, {"FFmpeg", "ffmpeg", "LGPL-2.1-or-later or GPL-2.0-or-later, as built"}, {"ONNX Runtime", "onnxruntime", "MIT"}} {
		b.Components = append(b.Components, component{Type: "library", Ref: l[1], Name: l[0], Version: libraries[l[1]], Licences: licensed(l[2])})
	}
	for _, x := range m.Models {
		b.Components = append(b.Components, component{Type: "machine-learning-model", Ref: "model:" + x.Name, Name: x.Name,
			Hashes: []hash{{"SHA-256", x.SHA256}}, Licences: licensed(x.Licence), Links: []link{{"website", x.Source}}})
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(b)
	return out.Bytes(), err
}

// SHA256 is the SHA-256 over the module's files by which go.sum knows it, in hex;
// empty where it is not known.
func (m Module) SHA256() string {
	for _, h := range sumHash(m.Sum) {
		return h.Content
	}
	return ""
}

// sumHash is go.sum's "h1:" hash, a SHA-256 over the module's files, in hex.
func sumHash(sum string) []hash {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(sum, "h1:"))
	if err != nil || len(raw) != 32 {
		return nil
	}
	return []hash{{"SHA-256", hex.EncodeToString(raw)}}
}
