// Package triage decides from the sizes of packets which spans of a recording
// must be decoded, and how far that can be trusted.
//
// Status: current. Goal: on a recording in which little happens, decode little
// and find what decoding everything finds. Not a goal: to do so where packets
// do not tell movement from noise. There [Calibrate] says so, and everything
// is decoded.
//
// An encoder spends bytes on what it cannot predict. Of every half second the
// bytes of packets that are not key frames are held against the quiet part of
// the half hour around it ([Scores]); where they stand out, and some seconds
// about it, is decoded ([Spans]). A recorder with a constant bit rate spends
// the same on an empty street as on a full one, and rain and a sensor's noise
// at night are as hard to predict as a walker: so a sample is decoded whole,
// half of it where packets are largest, half where they say that nothing is.
// Objects found there must stand out by twice what is asked for.
//
// What stands still costs no bytes: an object that came, stopped and left is
// followed while it moves, and how long it stood, or what was left behind, is
// for full coverage to tell.
//
// Alternatives: decoding key frames alone misses whatever passes between two,
// at ten seconds' distance nearly everything; motion vectors cost the entropy
// decoding, which is most of the work at recorders' bit rates.
package triage
