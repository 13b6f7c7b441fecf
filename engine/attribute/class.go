package attribute

import "posteriori/engine/scene"

// Class is the class that a track's votes name, and its score: the class's
// share of all votes times the mean score of the detections behind them, 0..1.
// votes is the sum of detector scores by scene.Class. Without votes the track
// is Other with score 0. Ties go to the class that comes first.
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
	return best, votes[best] / sum * min(1, sum/float64(detections))
}
