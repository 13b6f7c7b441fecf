package track

import "time"

// Config are the tracker's settings. A zero field means its default.
type Config struct {
	HighScore  float64 // detections from here on may find a lost track again; 0.45
	FairScore  float64 // those from here on are joined first; 0.38
	LowScore   float64 // detections below are ignored; 0.22
	BirthScore float64 // detections from here on may start a track; 0.55

	MaxGap     time.Duration // longest occlusion of a moving object; 3 s
	RestGap    time.Duration // longest time unseen of an object at rest; 60 s
	RestMissed time.Duration // of it, longest time that the detector looked in vain; 6 s
	RestAfter  time.Duration // window over which an object must not travel to be at rest; 1 s
	RestSpeed  float64       // sizes per second below which it does not; 0.2
	MotionAge  time.Duration // how long a blob counts as motion support; 1 s

	MinTravel    float64       // sizes that a track with detections must travel; 0.35
	MinBlobRoute float64       // sizes that a track of blobs alone must travel; 1.2
	MinBlobAge   time.Duration // shortest life of a track of blobs alone; 0.4 s
	MinBlobArea  float64       // share of the picture below which a blob starts nothing; 0.00008
	MinFill      float64       // foreground share of its box below which a blob is ignored; 0.15
	MaxBlobArea  float64       // share of the picture above which a blob means a change of light; 0.6
}

func (c Config) withDefaults() Config {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	dur := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.HighScore, 0.45)
	def(&c.FairScore, 0.38)
	def(&c.LowScore, 0.22)
	def(&c.BirthScore, 0.55)
	dur(&c.MaxGap, 3*time.Second)
	dur(&c.RestGap, time.Minute)
	dur(&c.RestMissed, 6*time.Second)
	dur(&c.RestAfter, time.Second)
	def(&c.RestSpeed, 0.2)
	dur(&c.MotionAge, time.Second)
	def(&c.MinTravel, 0.35)
	def(&c.MinBlobRoute, 1.2)
	dur(&c.MinBlobAge, 400*time.Millisecond)
	def(&c.MinBlobArea, 0.00008)
	def(&c.MinFill, 0.15)
	def(&c.MaxBlobArea, 0.6)
	return c
}
