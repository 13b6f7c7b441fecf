// Package detectors says what a detector is: something that names the objects
// in a picture. Each lives in a folder of its own (deimv2, nanodet, yolox);
// network runs them; open makes the right one for a model of the manifest;
// detectortest is the suite that each must pass; mover names what motion alone
// found; plate holds detectors and readers of number plates. This package
// itself is pure geometry, without OpenCV or ONNX Runtime.
//
// A detector looks at regions: a picture of 1280 pixels squeezed into a
// model's 416 loses what is far away, and where nothing moves there is nothing
// to look for. Each region is first widened to a square ([Crop]), as context
// costs nothing and stretching does. What two regions both saw is then merged
// ([Merge]): a box that a region's edge cut never wins over a whole one.
package detectors
