package attribute

import (
	_ "embed"
	"encoding/json"
	"math"
	"sync"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// perceptron is a classifier with one hidden layer of rectified units, trained
// by models/train/colour; its data card lies there.
type perceptron struct {
	Names       []string    `json:"names"`
	Temperature float64     `json:"temperature"`
	Hidden      [][]float64 `json:"hidden"` // [unit][feature]
	HiddenBias  []float64   `json:"hidden_bias"`
	Output      [][]float64 `json:"output"` // [name][unit]
	OutputBias  []float64   `json:"output_bias"`

	colours []scene.Colour
}

//go:embed colour.json
var coefficients []byte

// paintwork is the classifier of vehicles. Its file is part of the program
// and of its tests, so a damaged one is a bug.
var paintwork = sync.OnceValue(func() *perceptron {
	p := new(perceptron)
	if err := json.Unmarshal(coefficients, p); err != nil {
		panic(err)
	}
	for _, n := range p.Names {
		c, _ := scene.ParseColour(n)
		p.colours = append(p.colours, c)
	}
	return p
})

// probabilities are those of each colour, unknown among them.
func (p *perceptron) probabilities(x []float32) ColourVotes {
	hidden := make([]float64, len(p.Hidden))
	for i, row := range p.Hidden {
		s := p.HiddenBias[i]
		for k, w := range row {
			s += w * float64(x[k])
		}
		hidden[i] = math.Max(0, s)
	}
	var out ColourVotes
	for i, row := range p.Output {
		s := p.OutputBias[i]
		for k, w := range row {
			s += w * hidden[k]
		}
		out[p.colours[i]] = s / p.Temperature
	}
	most := out[0]
	for _, s := range out {
		most = math.Max(most, s)
	}
	for i, s := range out {
		out[i] = math.Exp(s - most)
	}
	out.normalise()
	return out
}

// The rules' votes count beside the classifier's as a logarithmic opinion pool
// (Genest and Zidek, "Combining Probability Distributions", 1986).
const (
	ruleWeight = 0.4
	ruleFloor  = 0.03
)

// vehicleVotes are the votes on the colour of the vehicle in box. False when
// too little of it is in view.
func vehicleVotes(f frame.YUV, box scene.Box, inside func(x, y int) bool, light Light) (ColourVotes, bool) {
	x, n := Features(f, box, inside, light)
	if n < minSamples {
		return ColourVotes{}, false
	}
	v := paintwork().probabilities(x[:])
	var rules ColourVotes
	for i, root := range x[NumFeatures-NumColours:] {
		rules[i] = float64(root)*float64(root) + ruleFloor
		v[i] *= math.Pow(rules[i], ruleWeight)
	}
	// Brown is dark orange: the rules see the lightness itself.
	both := v[scene.Brown] + v[scene.Orange]
	share := rules[scene.Brown] / (rules[scene.Brown] + rules[scene.Orange])
	v[scene.Brown], v[scene.Orange] = both*share, both*(1-share)
	v.normalise()
	return v, true
}
