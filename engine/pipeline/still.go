package pipeline

import (
	"posteriori/detectors"
	"posteriori/engine/attribute"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
)

// photo is what was found in a photograph.
type photo struct {
	msgs []wire.TrackMsg
	end  wire.ChunkEnd
}

// photograph finds the objects of a still picture: one frame, no time, no
// motion. Every detection above the score at which a track may be born is a
// track of one point. Large pictures are looked at whole and in tiles.
func photograph(s setup, c wire.Chunk, full frame.YUV) (photo, error) {
	end := wire.ChunkEnd{
		Chunk: c.Index, Frames: 1, Times: scene.PackTimes([]int64{0}), PlaneW: s.planeW, PlaneH: s.planeH,
		Coverage: []scene.Coverage{{FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.Seen}},
	}
	jpeg, err := vision.EncodeJPEG(full, scene.Box{W: float64(s.w), H: float64(s.h)}, 1920, 90)
	if err != nil {
		return photo{end: end}, err
	}
	end.Plates = []wire.Plate{{JPEG: jpeg}}
	if s.det == nil && s.plateFinder == nil {
		end.Coverage[0] = scene.Coverage{FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.NotAnalysed,
			Reason: "a photograph shows no motion, and no detector is installed"}
		return photo{end: end}, nil
	}
	var dets []detectors.Detection
	if s.det != nil {
		if dets, err = s.det.Detect(full, tiles(s.w, s.h)); err != nil {
			return photo{end: end}, err
		}
	}
	plates, alone, err := stillPlates(s, full, dets)
	if err != nil {
		return photo{end: end}, err
	}
	light := attribute.SceneLight(full)
	var out []wire.TrackMsg
	for i, d := range dets {
		if d.Score < stillScore {
			continue
		}
		m, err := stillTrack(s, c, full, light, d)
		if err != nil {
			return photo{end: end}, err
		}
		m.Plates = lp.Pack(lp.Fuse([]lp.Read{plates[i]})) // of none: nothing
		out = append(out, m)
	}
	for _, r := range alone {
		m, err := platePiece(s, c, full, light, r)
		if err != nil {
			return photo{end: end}, err
		}
		out = append(out, m)
	}
	return photo{out, end}, nil
}

// stillScore is the least score of an object in a photograph, where no motion
// speaks for it.
const stillScore = 0.45

func stillTrack(s setup, c wire.Chunk, full frame.YUV, light attribute.Light, d detectors.Detection) (wire.TrackMsg, error) {
	box := d.Box.Pad(max(8, 0.15*max(d.Box.W, d.Box.H))).Clamp(float64(s.w), float64(s.h))
	jpeg, err := vision.EncodeJPEG(full, box, 480, 88)
	if err != nil {
		return wire.TrackMsg{}, err
	}
	look := attribute.Look{Picture: full, Box: d.Box, Class: d.Class, Light: light}
	votes, _ := attribute.Colour(look)
	lower, _ := attribute.Lower(look)
	colour, score := attribute.VoteColour(votes)
	lowerColour, lowerScore := attribute.VoteColour(lower)
	return wire.TrackMsg{
		Chunk: c.Index, Weight: d.Score, Detections: 1, CropScore: d.Score,
		ClassVotes: map[string]float64{d.Class.String(): d.Score}, ColourVotes: named(votes), LowerVotes: named(lower),
		Track: wire.PackedTrack{
			Class: d.Class.String(), ClassScore: d.Score, Colour: colour.String(), ColourScore: score,
			Lower: lowerColour.String(), LowerScore: lowerScore,
			Observed: 1, StartUS: c.StartUS, EndUS: c.StartUS, Best: d.Box,
			Crop: &scene.Crop{Box: box, JPEG: jpeg},
			Path: scene.PackPath(scene.Path{{Box: d.Box}}),
		},
	}, nil
}

// tiles are the whole picture and, where it is large, overlapping quarters.
func tiles(w, h int) []scene.Box {
	if max(w, h) <= wholeSide {
		return nil
	}
	fw, fh := float64(w), float64(h)
	out := []scene.Box{{W: fw, H: fh}}
	tw, th := 0.6*fw, 0.6*fh
	for _, x := range []float64{0, fw - tw} {
		for _, y := range []float64{0, fh - th} {
			out = append(out, scene.Box{X: x, Y: y, W: tw, H: th})
		}
	}
	return out
}
