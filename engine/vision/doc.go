// Package vision is the engine's only door to OpenCV (gocv): it turns parts
// of YUV pictures into the tensors that a model reads, and pictures into JPEG
// and back. Nothing else of OpenCV is called, and the headers in include/ let
// the compiler see the modules core, imgproc and imgcodecs only.
//
// Every Mat that a function makes is closed before it returns, save the
// buffers of a [Resampler], which its Close gives back. No function here keeps
// a reference to the planes it was given.
//
// Colours: YUV is taken and given as ITU-R BT.601 limited range (Y 16–235,
// U and V 16–240 around 128), RGB as full range 0–255. Chroma is taken as
// sited in the middle of its 2×2 luma samples.
package vision

import "gocv.io/x/gocv"

// SetNumThreads bounds the threads of OpenCV's own pool for the whole process.
// The worker sets 1 at its start: it runs its stages side by side.
func SetNumThreads(n int) { gocv.SetNumThreads(n) }

// Version is the version of the OpenCV library that was linked, such as "4.6.0".
func Version() string { return gocv.OpenCVVersion() }
