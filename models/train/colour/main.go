// Command colour turns labelled photographs into the features that the colour
// classifier of engine/attribute is trained on, each in many guises, as JSON
// lines:
//
//	go run ./models/train/colour -data ../shared/data -labels models/train/colour/labels.json > features.jsonl
//
// A guise is the photograph at another size, exposure, white balance,
// sharpness and cut, and often with other paint: light neutral cars are
// painted in every colour of the vocabulary (see paint.go). The same seed gives
// the same file.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	_ "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"

	"posteriori/engine/attribute"
	"posteriori/engine/scene"
)

// label is one object of a photograph and what a person calls its colour.
type label struct {
	File   string     `json:"file"` // under the data directory
	Box    [4]float64 `json:"box"`  // x, y, width, height in pixels
	Class  string     `json:"class"`
	Colour string     `json:"colour"`
}

// row is one guise. Group is the photograph's number: guises of one picture
// must not be parted between training and validation.
type row struct {
	Group  int       `json:"group"`
	Colour string    `json:"colour"`
	Made   bool      `json:"made"` // painted or drawn
	X      []float32 `json:"x"`
}

func main() {
	data := flag.String("data", "../shared/data", "directory with the photographs")
	labels := flag.String("labels", "models/train/colour/labels.json", "what is in them")
	guises := flag.Int("guises", 10, "of each object, three times as many painted; 0: as it is")
	rendered := flag.Int("rendered", 6000, "drawn vehicles")
	seed := flag.Uint64("seed", 1, "of the guises")
	flag.Parse()
	if err := run(*data, *labels, *guises, *rendered, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "colour:", err)
		os.Exit(1)
	}
}

func run(data, labelFile string, guises, rendered int, seed uint64) error {
	raw, err := os.ReadFile(labelFile)
	if err != nil {
		return err
	}
	var labels []label
	if err := json.Unmarshal(raw, &labels); err != nil {
		return fmt.Errorf("%s: %w", labelFile, err)
	}
	w := bufio.NewWriter(os.Stdout)
	out := json.NewEncoder(w)
	groups := map[string]int{}
	for i, l := range labels {
		if _, ok := groups[l.File]; !ok {
			groups[l.File] = len(groups)
		}
		p, err := load(filepath.Join(data, l.File), scene.Box{X: l.Box[0], Y: l.Box[1], W: l.Box[2], H: l.Box[3]})
		if err != nil {
			return err
		}
		for _, r := range rows(p, l.Colour, guises, rand.New(rand.NewPCG(seed, uint64(i)))) {
			r.Group = groups[l.File]
			if err := out.Encode(r); err != nil {
				return err
			}
		}
	}
	if guises > 0 {
		if err := renders(data, labels, out, rendered, seed); err != nil {
			return err
		}
	}
	return w.Flush()
}

func rows(p picture, colour string, guises int, rng *rand.Rand) []row {
	if guises == 0 {
		return []row{{Colour: colour, X: p.features()}}
	}
	var out []row
	n := guises
	switch colour {
	case "unknown": // many, much alike
		n = (guises + 2) / 3
	case "white", "silver":
	default: // few
		n = 2 * guises
	}
	for range n {
		out = append(out, row{Colour: colour, X: p.disguised(rng).features()})
	}
	reflects, ok := map[string]float64{"white": 0.75, "silver": 0.42}[colour]
	for i := 0; ok && i < 3*guises; i++ {
		q := p.disguised(rng)
		name := paints[rng.IntN(len(paints))].name
		if q.repaint(name, reflects, rng) {
			out = append(out, row{Colour: name, Made: true, X: q.features()})
		}
	}
	return out
}

func load(file string, box scene.Box) (picture, error) {
	f, err := os.Open(file)
	if err != nil {
		return picture{}, err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return picture{}, fmt.Errorf("%s: %w", file, err)
	}
	return newPicture(img, box), nil
}

// features are those of the program itself.
func (p picture) features() []float32 {
	f := p.yuv()
	x, _ := attribute.Features(f, p.box, nil, attribute.SceneLight(f))
	return x[:]
}
