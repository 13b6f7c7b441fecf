// Package render carries out a wire.RenderJob: it decodes what a synopsis
// shows, composes the pictures and encodes them. It runs in the worker, in
// pure Go on planes of YUV 4:2:0; decoding and encoding are engine/media's.
//
// A synopsis of objects takes two passes. The first decodes the needed spans
// of each recording once, in order, already at the output's size, cuts every
// object out with a soft outline and spools the cut-outs to the scratch
// folder; memory does not grow with their number. The second lays them over
// the background, far before near (by their lower edge), evens out the
// difference of light at the seam, and writes each object's own time beside
// it.
//
// The outline comes from the motion mask, its holes filled, widened a little
// and blurred; the core of the box always belongs to the object, as masks
// fade where it stands still. Without a usable mask the outline is an ellipse
// around the box. What is pasted is always the recording's own pixels, a
// little of its surroundings (so its shadow) included.
package render
