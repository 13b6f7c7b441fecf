// Package engine is the facade over the deferred video-analysis engine and
// the map to its parts.
//
// The analyst's program (cmd/posteriori, pure Go) opens a [Store], starts an
// [Act] in one procedure, and calls the parts below. It never parses a media
// byte: that is the work of cmd/posteriori-worker, a separate process without
// network, keys or journal, which answers on a versioned stream (engine/wire).
//
//	frame      planes of pixels and their pools
//	scene      geometry, the vocabulary of objects, and the track record
//	fault      errors a user can act on, and their exit codes
//	wire       the stream between the two programs
//	media      identity, probing, rational time, decoding (runs in the worker)
//	vision     the only importer of gocv
//	infer      the only importer of onnxruntime_go
//	motion     background model, foreground, blobs, camera disturbances
//	align      by how much a camera moved between two pictures
//	assignment who goes with whom, at the least cost
//	link       pieces of tracks that are one object's, joined afterwards
//	track      detections and blobs to tracks, by geometry and motion only
//	attribute  colour, heading and class voted over a whole track
//	plate      number plates: reads to lattices, syntaxes, patterns, masks
//	triage     which spans to decode, by the sizes of packets
//	pipeline   one run of chunks, end to end, inside the worker
//	analysis   the parent's side: plans chunks, drives workers, stitches
//	batch      whole seizures: the plan, its manifest, and runs, on many machines too
//	index      the encrypted store of tracks, one file per procedure
//	query      the filter language, to SQL and predicates
//	synopsis   tubes, their arrangement, and the plan of a video
//	activity   counts objects hour by hour and by place, and draws both
//	render     draws that plan's video (runs in the worker)
//	review     the page to look through what was found; loopback shows it
//	procedure  legal frame, authorisation, the rules that refuse
//	evidence   originals untouched, derived files accountable
//	journal    the tamper-evident log
//	report     the documents in French, data in, bytes out
//	oplog      the operational log: references only
//	metrics    figures of a run for this machine's collector
//	alert      tells the data controller what the law wants known at once
//	compliance the evidence that there are no biometrics
//
// Imports point one way: cmd → engine → {analysis, pipeline, query, synopsis}
// → {track, motion, index, journal, media} → {frame, scene}. arch_test.go in
// this folder fails when they do not.
package engine
