package main

import (
	"context"
	"fmt"
	"image/color"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// fillPlates PROCEDURE adds a recording with three cars to an index: N:1 of
// which AB123CD was read twice and AB128CD once, N:2 with A8123CD, N:3 with
// ZZ999XY.
func fillPlates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fillplates PROCEDURE")
	}
	store, err := engine.Open(ts.Getenv("POSTERIORI_STORE"))
	ts.Check(err)
	p, err := store.OpenProcedure(args[0])
	ts.Check(err)
	ctx := context.Background()
	ix, err := p.Index(ctx)
	ts.Check(err)
	defer ix.Close()
	rec, err := ix.AddRecording(ctx, index.Recording{SHA256: fmt.Sprintf("%064x", 0x9), Path: "/evidence/gate.mp4", Exhibit: "S1", Basis: "seizure",
		Camera: "gate", Probe: wire.Probe{DurationUS: 60_000_000, Width: 640, Height: 360}})
	ts.Check(err)
	_, err = ix.BeginAnalysis(ctx, rec, index.Analysis{Identity: "test"})
	ts.Check(err)
	var tracks []scene.Track
	for i, texts := range [][]string{{"AB123CD", "AB123CD", "AB128CD"}, {"A8123CD"}, {"ZZ999XY"}} {
		t := track(int64(i+1), scene.Car, scene.Red, int64(10*i), int64(10*i+8), 50, 250, color.RGBA{R: 200, A: 255})
		t.Plates = packed(texts...)
		tracks = append(tracks, t)
	}
	ts.Check(ix.Finish(ctx, rec, slices.Values(tracks), []scene.Coverage{{ToUS: 60_000_000, Kind: scene.Seen}}))
}

// packed are sure reads of a plate.
func packed(texts ...string) []byte {
	var reads []plate.Read
	for i, text := range texts {
		r := plate.Read{TUS: int64(i) * 200_000, Box: scene.Box{W: 120, H: 26}, Found: 1}
		for _, c := range []byte(text) {
			var ch plate.Char
			ch[plate.Bit(c)] = .99
			r.Chars = append(r.Chars, ch)
		}
		reads = append(reads, r)
	}
	return plate.Pack(plate.Fuse(reads))
}
