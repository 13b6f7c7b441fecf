// Package pipeline turns consecutive chunks of one recording into pieces of
// tracks, inside posteriori-worker.
//
// One decoder feeds every frame's small luma plane, and a few full-size
// frames a second. Each chunk has a processor of its own (background model,
// tracker, samples) that starts at the chunk's lead-in and ends at its end;
// where one chunk's lead-in overlaps the chunk before, two processors see the
// same frames. So a chunk's tracks depend on the chunk and its lead-in alone,
// however many chunks one decoder pass covers.
//
//	every frame       motion.Model → blobs → track.Tracker
//	full-size frame   detector on the regions where something moves or stands,
//	                  then crops, colour votes and the clean background
//	chunk's end       pieces of tracks, coverage, frame times
//
// Where nothing moves and nothing is tracked the detector does not run.
package pipeline
