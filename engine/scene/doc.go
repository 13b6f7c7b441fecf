// Package scene holds plane geometry, the vocabulary of objects, and the
// record of one track. It is pure: no files, no pixels, no clock.
//
// Coordinates are source pixels of the recording as it is displayed (after
// the container's rotation), x to the right, y down, origin at the top-left
// corner of the top-left pixel. Times are microseconds of media time (suffix
// US): the frame's presentation time less that of the recording's first frame.
// Headings are degrees clockwise, 0 = up in the image (N).
package scene
