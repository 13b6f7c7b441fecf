package attribute

import "posteriori/engine/scene"

// Class is the class that a track's votes name, and how often such an answer
// is right, 0..1: the class's share of all votes times the calibrated mean
// score of the detections behind them. votes is the sum of detector scores by
// scene.Class. Without votes the track is Other with score 0. Ties go to the
// class that comes first.
func Class(votes []float64, detections int) (scene.Class, float64) {
	var sum float64
	best := scene.Other
	for c, v := range votes {
		sum += v
		if v > votes[best] {
			best = scene.Class(c)
		}
	}
	if sum <= 0 || detections <= 0 {
		return scene.Other, 0
	}
	return best, votes[best] / sum * calibrated(min(1, sum/float64(detections)))
}

// reliable says how many detections of a score were right (IoU .5 with a
// labelled object of the class) in every second photograph of coco128, by the
// default detector, made monotonic. On the other half the error is what
// bench's suite reliability reports.
var reliable = [][2]float64{{0, 0}, {0.35, 0.34}, {0.45, 0.46}, {0.55, 0.70}, {0.65, 0.86}, {0.75, 0.93}, {0.85, 0.98}, {1, 1}}

// calibrated is the share of detections of this score that are right, on
// straight lines between the measured ones.
func calibrated(score float64) float64 {
	for i := 1; i < len(reliable); i++ {
		a, b := reliable[i-1], reliable[i]
		if score <= b[0] {
			return a[1] + (b[1]-a[1])*(score-a[0])/(b[0]-a[0])
		}
	}
	return 1
}
