// Package track joins detector boxes and motion blobs into tracks, by
// geometry, motion and class alone. It holds no description of appearance,
// and nothing of one track can be compared with another recording's.
//
// Goal: one track for one object from its first to its last sight, in
// seconds, never frames, so that variable frame rates change nothing.
//
// Each step predicts every track with a constant-velocity Kalman filter, then
//
//  1. joins high-scored detections to recently seen tracks, then to lost
//     ones, then low-scored detections to what is left (Zhang et al.,
//     "ByteTrack: Multi-Object Tracking by Associating Every Detection Box",
//     ECCV 2022), each by optimal assignment on distance-IoU (Zheng et al.,
//     "Distance-IoU Loss", AAAI 2020) behind a Mahalanobis gate (Wojke et al.,
//     "Simple Online and Realtime Tracking with a Deep Association Metric",
//     ICIP 2017; the metric itself is not used);
//  2. shares out the blobs: fragments inside one predicted box are one
//     observation, a blob that holds several tracks only shifts them together;
//  3. starts tentative tracks from what is left over, confirms those that
//     really moved, joins duplicates and broken pieces, and ends the rest.
//
// A finished track's path is the fixed-interval smoothing (Rauch, Tung,
// Striebel, "Maximum likelihood estimates of linear dynamic systems", AIAA
// Journal 1965) of all its observations, so it neither lags nor jumps
// between detector boxes and blob boxes.
//
// What the tracker lost and what began anew is joined by [posteriori/engine/link] once all of it
// is known.
//
// Not a goal: things left behind (engine/pipeline tells them from the background
// model and from these tracks), and identity across recordings.
package track
