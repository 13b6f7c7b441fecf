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
// The outline comes from the motion mask, which may reach beyond the object's
// box (a rider above the bicycle), its holes filled and widened a little, the core
// of the box, and what is joined to them and differs from the recording's own
// background of that time. What two objects share is split softly between their
// boxes, unless both are shown at the same time, or one half hides the other.
// Within it the difference from that
// background says how much of each sample is the object and how much is what
// stood behind it (difference matting): the object is the recording's own
// samples, its edge and its shadow carry nothing of their own wall or road to
// where they are laid, be it over another object or under another light. Laid
// over its own background a cut-out gives the recording's picture again.
// Where the background does not tell (none is known, the camera was moved, the
// object stood there from the first) the outline fades out softly, and the
// light of its rim is drawn to that of the place.
package render
