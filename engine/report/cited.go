package report

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed articles.yaml
var articlesYAML []byte

//go:embed rates.yaml
var ratesYAML []byte

// articles are the texts that documents cite, by what they are cited for.
type articles struct {
	TextOf        string `yaml:"text_of"`
	Seen          string `yaml:"seen"`
	Mention       string `yaml:"mention"`
	Report        string `yaml:"report"`
	Authorisation string `yaml:"authorisation"`
	Users         string `yaml:"users"`
	Habilitation  string `yaml:"habilitation"`
	Origin        string `yaml:"origin"`
	Identity      string `yaml:"identity"`
	Erasure       string `yaml:"erasure"`
	Orders        string `yaml:"orders"`
	Purpose       string `yaml:"purpose"`
	Original      string `yaml:"original"`
	Biometrics    string `yaml:"biometrics"`
	Impact        string `yaml:"impact"`
	Human         string `yaml:"human"`
	Journal       string `yaml:"journal"`
	Compliance    string `yaml:"compliance"`
	Statistics    string `yaml:"statistics"`
}

// rate is one measured rate of error or success.
type rate struct {
	Row   string `yaml:"row"`
	Suite string `yaml:"suite"`
	Value string `yaml:"value"`
	Name  string `yaml:"name"`
	Of    string `yaml:"of"`
}

// French is the value with a comma.
func (r rate) French() string { return typo(strings.ReplaceAll(r.Value, ".", ",")) }

type rates struct {
	Source string   `yaml:"source"`
	Suites []string `yaml:"suites"`
	Rates  []rate   `yaml:"rates"`
}

var law = sync.OnceValue(func() articles {
	var a articles
	mustDecode(articlesYAML, &a)
	return a
})

var measured = sync.OnceValue(func() rates {
	var r rates
	mustDecode(ratesYAML, &r)
	return r
})

func mustDecode(b []byte, to any) {
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(to); err != nil {
		panic("an embedded data file cannot be read: " + err.Error())
	}
}

// cite gives an article for [ours]: our own words, set with French spacing.
func cite(s string) text { return text{{typo(s), plain}} }
