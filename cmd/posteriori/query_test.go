package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// fillIndex PROCEDURE puts a recording with three tracks and one without
// analysis into a procedure's index: 1:1 a red car that goes east through
// (100,100)-(200,200) with a picture, 1:2 a person that stands, with a
// picture, 1:3 a thing that moved, without one.
func fillIndex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fillindex PROCEDURE")
	}
	store, err := engine.Open(ts.Getenv("POSTERIORI_STORE"))
	ts.Check(err)
	p, err := store.OpenProcedure(args[0])
	ts.Check(err)
	ix, err := p.Index(context.Background())
	ts.Check(err)
	defer ix.Close()
	ts.Check(fill(ix))
}

func fill(ix *index.Store) error {
	ctx := context.Background()
	for n, cam := range []string{"rue Haute", "quai"} {
		clock := int64(1714564800_000_000) // 2024-05-01T12:00:00Z
		r := index.Recording{SHA256: fmt.Sprintf("%064x", 0xabcdef0+n), Path: fmt.Sprintf("/evidence/clip%d.mp4", n+1), Exhibit: "S1", Basis: "seizure",
			Camera: cam, Probe: wire.Probe{DurationUS: 60_000_000, Width: 640, Height: 360}}
		if n == 0 {
			r.ClockUS, r.ClockUncertaintyUS = &clock, 2_000_000
		}
		if _, err := ix.AddRecording(ctx, r); err != nil {
			return err
		}
	}
	if _, err := ix.BeginAnalysis(ctx, 1, index.Analysis{Identity: "test"}); err != nil {
		return err
	}
	var times []int64
	for t := int64(0); t < 60_000_000; t += 500_000 {
		times = append(times, t)
	}
	if err := ix.PutChunk(ctx, 1, wire.ChunkEnd{Frames: int64(len(times)), Times: scene.PackTimes(times)}, nil); err != nil {
		return err
	}
	car := track(1, scene.Car, scene.Red, 10, 20, 50, 250, color.RGBA{R: 200, A: 255})
	car.Heading, car.HasHeading = 90, true
	car.Votes = scene.Votes{Looks: 9, Class: map[string]float64{"car": 7.2, "truck": .8}, Colour: map[string]float64{"red": 3, "orange": 1}}
	person := track(2, scene.Person, scene.Blue, 15, 55, 300, 300, color.RGBA{B: 200, A: 255})
	person.Lower, person.LowerScore = scene.Black, .75
	thing := track(3, scene.Other, scene.UnknownColour, 40, 42, 400, 420, color.RGBA{})
	thing.Crop = nil
	thing.Votes.Colour = map[string]float64{"grey": .2}
	return ix.Finish(ctx, 1, slices.Values([]scene.Track{car, person, thing}),
		[]scene.Coverage{{FromUS: 0, ToUS: 50_000_000, Kind: scene.Seen}, {FromUS: 50_000_000, ToUS: 60_000_000, Kind: scene.Damaged, Reason: "decoder"}})
}

// track goes from x0 to x1 with its foot at y 150.
func track(id int64, class scene.Class, colour scene.Colour, fromS, toS int64, x0, x1 float64, paint color.RGBA) scene.Track {
	box := func(x float64) scene.Box { return scene.Box{X: x - 20, Y: 110, W: 40, H: 40} }
	t := scene.Track{ID: id, Class: class, ClassScore: .875, Colour: colour, ColourScore: .5, Observed: 1,
		StartUS: fromS * 1_000_000, EndUS: toS * 1_000_000, BestUS: fromS * 1_000_000, Best: box(x0)}
	t.Path = scene.Path{{TUS: t.StartUS, Box: box(x0)}, {TUS: t.EndUS, Box: box(x1)}}
	img := image.NewRGBA(image.Rect(0, 0, 60, 30+10*int(id)))
	for i := range img.Pix {
		img.Pix[i] = []byte{paint.R, paint.G, paint.B, 255}[i%4]
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	t.Crop = &scene.Crop{TUS: t.StartUS, Box: t.Best, JPEG: b.Bytes()}
	return t
}

func testResults(t *testing.T) (*index.Store, *query.Results) {
	t.Helper()
	ix, err := index.Open(t.Context(), t.TempDir()+"/i.db", make([]byte, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	if err := fill(ix); err != nil {
		t.Fatal(err)
	}
	res, err := query.Run(t.Context(), ix, query.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return ix, res
}

func TestSheetPNG(t *testing.T) {
	ix, res := testResults(t)
	var b bytes.Buffer
	n, err := writeSheetPNG(t.Context(), &b, sheetHead{Mark: "DÉMONSTRATION", Summary: res.Summary()}, ix, res, maxSheetPNG)
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	centre := func(cell int) color.RGBA {
		at := image.Pt(margin+cell*(cellW+margin)+cellW/2, topH+cellH/2)
		return color.RGBAModel.Convert(img.At(at.X, at.Y)).(color.RGBA)
	}
	if c := centre(0); c.R < 180 || c.B > 30 {
		t.Errorf("the first picture is %v, want red", c)
	}
	if c := centre(1); c.B < 180 || c.R > 30 {
		t.Errorf("the second picture is %v, want blue", c)
	}
	if c := centre(2); c.R != 0x22 {
		t.Errorf("the third track has a picture: %v", c)
	}
	for cell := range 3 { // some ink under each
		dark := 0
		for y := topH + cellH + 2; y < topH+cellH+textH; y++ {
			for x := margin + cell*(cellW+margin); x < margin+cell*(cellW+margin)+cellW; x++ {
				if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
					dark++
				}
			}
		}
		if dark < 100 {
			t.Errorf("cell %d has %d dark samples of label", cell, dark)
		}
	}
}

// Names come from the command line, pictures from hostile recordings: neither
// may become markup or break the sheet.
func TestSheetHTMLIsSafe(t *testing.T) {
	ix, res := testResults(t)
	var b bytes.Buffer
	head := sheetHead{Mark: "<script>alert(1)</script>", Summary: "a & b"}
	if n, err := writeSheetHTML(t.Context(), &b, head, ix, res, 2); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	s := b.String()
	if strings.Contains(s, "<script") || strings.Count(s, `src="data:image/jpeg;base64,`) != 2 || !strings.HasSuffix(s, "</html>\n") {
		t.Errorf("%s", s)
	}
	for _, bad := range [][]byte{nil, []byte("no picture"), {0xFF, 0xD8, 0xFF}} {
		if decodeCrop(bad) != nil {
			t.Errorf("%q is a picture", bad)
		}
	}
}
