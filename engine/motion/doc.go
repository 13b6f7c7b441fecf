// Package motion finds what moves, or stands where nothing stood before, in
// the recording of a fixed camera. It sees every frame as a small luma plane
// (about 480×270) with its media time, keeps a model of the empty scene, and
// gives back a mask and its connected pieces.
//
// The model is a consensus of past samples with a radius of its own for every
// picture sample (ViBe, PBAS, SuBSENSE; citations stand at the code), on luma
// only and on whole machine words: eight comparisons an instruction. Where a
// block of 64 samples lies within a band around the mean, nothing else runs.
//
// Around it stand the answers to what a surveillance camera does: a tone curve
// for automatic exposure (tone.go), edges of the background for a shaken or
// moved camera (edges.go), a window test for cast shadows (shadow.go), the
// outline test that tells a ghost from an object that stands still (ghost.go),
// and the phases of learning (phase.go).
//
// Equal frames give equal results on every machine: no clock, no goroutine,
// no map, and a pseudo-random choice with a fixed seed.
package motion
