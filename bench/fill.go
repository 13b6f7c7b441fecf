package main

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const (
	fillRecordings = 10
	fillDayS       = 24 * 3600
)

// fillStart is the wall-clock time at which the first made recording begins.
var fillStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// fillIndex puts n made tracks into the store's procedure: ten recordings of so
// many cameras, over one day each, objects that cross the picture or stand in it, at all hours.
// They are written as an analysis would, so that a query meets what it meets
// in a real index.
func fillIndex(ctx context.Context, store string, n, cameras int) error {
	s, err := engine.Open(store)
	if err != nil {
		return err
	}
	p, err := s.OpenProcedure(procedureID)
	if err != nil {
		return err
	}
	ix, err := p.Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	for k := range fillRecordings {
		if err := fillRecording(ctx, ix, k, k%cameras, n/fillRecordings); err != nil {
			return err
		}
	}
	return nil
}

func fillRecording(ctx context.Context, ix *index.Store, k, camera, n int) error {
	clock := fillStart.AddDate(0, 0, k).UnixMicro()
	rec, err := ix.AddRecording(ctx, index.Recording{
		SHA256: fmt.Sprintf("%064x", k+1), Path: fmt.Sprintf("/made/camera-%d.mp4", k+1), Bytes: 1 << 30,
		Exhibit: "S1", Basis: "seizure", Camera: fmt.Sprintf("camera %d", camera+1), ClockUS: &clock,
		ImportedUS: clock, ModifiedUS: clock,
		Probe: wire.Probe{Format: "mov", Codec: "h264", Width: 1280, Height: 720, TimeBase: wire.Rational{Num: 1, Den: 90000},
			DurationUS: fillDayS * 1e6, Packets: fillDayS * 25, FrameUS: 40_000, Seekable: true},
	})
	if err != nil {
		return err
	}
	if _, err := ix.BeginAnalysis(ctx, rec, index.Analysis{Identity: "made", Build: "bench", Device: "cpu"}); err != nil {
		return err
	}
	coverage := []scene.Coverage{{FromUS: 0, ToUS: fillDayS * 1e6, Kind: scene.Seen}}
	return ix.Finish(ctx, rec, madeTracks(uint64(k), n), coverage)
}

// madeTracks yields n tracks in order of start.
func madeTracks(seed uint64, n int) iter.Seq[scene.Track] {
	return func(yield func(scene.Track) bool) {
		rng := rand.New(rand.NewPCG(seed, 3))
		for i := range n {
			start := int64(i) * fillDayS * 1_000_000 / int64(n)
			if !yield(madeTrack(rng, int64(i+1), start)) {
				return
			}
		}
	}
}

func madeTrack(rng *rand.Rand, id, start int64) scene.Track {
	classes := []scene.Class{scene.Car, scene.Car, scene.Car, scene.Person, scene.Person, scene.Bicycle, scene.Truck, scene.Bus, scene.Other}
	t := scene.Track{
		ID: id, Class: classes[rng.IntN(len(classes))], ClassScore: .5 + .5*rng.Float64(),
		Colour: scene.Colours()[rng.IntN(len(scene.Colours()))], ColourScore: rng.Float64(),
		HasHeading: true, Heading: float64(90 + 180*rng.IntN(2)), Observed: .9, StartUS: start,
	}
	const points = 60
	y, h := 200+400*rng.Float64(), 30+120*rng.Float64()
	x, step := -20.0, 22.0
	if t.Heading > 180 {
		x, step = 1300, -22
	}
	for k := range points {
		x += step * (.8 + .4*rng.Float64())
		t.Path = append(t.Path, scene.PathPoint{TUS: start + int64(k)*200_000,
			Box: scene.Box{X: x, Y: y + 2*rng.Float64(), W: h * (.9 + .1*rng.Float64()), H: h}})
	}
	t.EndUS = t.Path[points-1].TUS
	t.Best, t.BestUS = t.Path[points/2].Box, t.Path[points/2].TUS
	return t
}
