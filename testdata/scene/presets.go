package scene

import (
	"fmt"

	vocab "posteriori/engine/scene"
)

// Ground lines of the street, design units.
const (
	farWalk  = 142.0
	farLane  = 192.0 // traffic to the left
	nearLane = 246.0 // traffic to the right
	nearWalk = 296.0
)

// Presets names the scenes that New knows.
func Presets() []string { return []string{"street", "empty", "night", "dusk", "demo"} }

// New makes a preset at a size in pixels.
//
//	street  40 s: cars both ways, one that stops, a bus, a cyclist, persons, a crossing, a bag left
//	empty   30 s: light, clouds, wind and noise; no object
//	night   24 s: infra-red; a car, a person
//	dusk    150 s: it gets dark, then the camera goes over to infra-red; cars and persons before and after
//	demo    80 s: few objects, long idle spans; to look at
func New(name string, w, h int, seed uint64) (*Scene, error) {
	s := &Scene{Name: name, W: w, H: h, Seed: seed, Noise: 2.5, Shadows: .3}
	switch name {
	case "street":
		s.street()
	case "empty":
		s.empty()
	case "night":
		s.infrared()
	case "dusk":
		s.dusk()
	case "demo":
		s.demo()
	default:
		return nil, fmt.Errorf("no scene is called %q; there are %v", name, Presets())
	}
	return s, nil
}

// across is a straight way through the picture, from one side to the other.
func across(startS, endS, x0, x1, y float64) []Waypoint {
	return []Waypoint{{startS, x0, y}, {endS, x1, y}}
}

func (s *Scene) street() {
	s.Seconds = 40
	s.Posts = []Post{{X: 250, Top: 20, Bottom: 272, Width: 7}}
	s.Zones = []Zone{
		{"crossing", [][2]float64{{426, 156}, {486, 156}, {490, 264}, {428, 264}}},
		{"pavement", [][2]float64{{-40, 268}, {680, 268}, {680, 312}, {-40, 312}}},
	}
	s.Actors = []Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Red, Way: across(1.5, 6.5, -90, 730, nearLane)},
		{ID: 2, Class: vocab.Car, Colour: vocab.White, Way: across(3, 8.5, 720, -80, farLane)},
		{ID: 3, Class: vocab.Person, Colour: vocab.Blue, Lower: vocab.Black, Way: across(2, 17, -20, 660, nearWalk)},
		{ID: 4, Class: vocab.Car, Colour: vocab.Blue, Way: []Waypoint{
			{11, -90, nearLane}, {14, 330, nearLane}, {20, 330, nearLane}, {23, 730, nearLane}}},
		{ID: 5, Class: vocab.Person, Colour: vocab.Yellow, Lower: vocab.Blue, Way: []Waypoint{
			{12, 660, nearWalk - 6}, {15.5, 456, nearWalk - 6}, {19.5, 456, farWalk}, {24, 250, farWalk}, {30, -20, farWalk}}},
		{ID: 6, Class: vocab.Bicycle, Colour: vocab.Green, Lower: vocab.Orange, RiderID: 7, Way: across(24, 31, 690, -50, farLane+8)},
		{ID: 8, Class: vocab.Bus, Colour: vocab.Orange, Way: across(32, 38, 800, -160, farLane)},
		{ID: 9, Class: vocab.Person, Colour: vocab.Black, Lower: vocab.Grey, Bag: vocab.Brown, DropS: 29, Way: []Waypoint{
			{24, 660, nearWalk + 6}, {28, 520, nearWalk + 6}, {30.5, 520, nearWalk + 6}, {35, 660, nearWalk + 6}}},
		{ID: 10, Class: vocab.Truck, Colour: vocab.White, Way: across(25.5, 30.5, -120, 760, nearLane)},
	}
}

func (s *Scene) empty() {
	s.Seconds = 30
	s.Noise, s.Wind = 4, 1.2
	s.Light = Light{
		Steps: []Step{{6, .7, .04}, {14, 1.15, 3}}, Drift: .04, DriftPeriodS: 11,
		Flicker: .01, CloudShadowAt: 17,
	}
}

func (s *Scene) infrared() {
	s.Seconds = 24
	s.Night, s.Noise = true, 5
	s.Actors = []Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Silver, Way: across(4, 9, -90, 730, nearLane)},
		{ID: 2, Class: vocab.Person, Colour: vocab.White, Lower: vocab.Grey, Way: across(12, 21, 660, -20, nearWalk)},
	}
}

func (s *Scene) dusk() {
	s.Seconds = 150
	s.Rate = []Rate{{150, 12.5}}
	s.Noise, s.NightAtS = 4, 72
	s.Light = Light{Steps: []Step{{30, .5, 35}, {72, 1, .3}}}
	s.Posts = []Post{{X: 250, Top: 20, Bottom: 272, Width: 7}}
	s.Actors = []Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Red, Way: across(4, 9.5, -90, 730, nearLane)},
		{ID: 2, Class: vocab.Person, Colour: vocab.White, Lower: vocab.Black, Way: across(12, 24, -20, 660, nearWalk)},
		{ID: 3, Class: vocab.Car, Colour: vocab.White, Way: across(40, 46, 720, -80, farLane)},
		{ID: 4, Class: vocab.Person, Colour: vocab.Yellow, Lower: vocab.White, Way: across(48, 60, 660, -20, nearWalk-6)},
		{ID: 5, Class: vocab.Car, Colour: vocab.Silver, Way: across(84, 90, -90, 730, nearLane)},
		{ID: 6, Class: vocab.Person, Colour: vocab.White, Lower: vocab.Grey, Way: across(94, 106, 660, -20, nearWalk)},
		{ID: 7, Class: vocab.Truck, Colour: vocab.White, Way: across(110, 117, 760, -120, farLane)},
		{ID: 8, Class: vocab.Person, Colour: vocab.Grey, Lower: vocab.Black, Way: across(122, 136, -20, 660, nearWalk+8)},
	}
}

func (s *Scene) demo() {
	s.Seconds = 80
	s.Noise = 1.6
	s.Posts = []Post{{X: 250, Top: 20, Bottom: 272, Width: 7}}
	s.Zones = []Zone{{"crossing", [][2]float64{{426, 156}, {486, 156}, {490, 264}, {428, 264}}}}
	s.Actors = []Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Red, Way: across(4, 9.5, -90, 730, nearLane)},
		{ID: 2, Class: vocab.Person, Colour: vocab.White, Lower: vocab.Black, Way: across(14, 25, -20, 660, nearWalk)},
		{ID: 3, Class: vocab.Car, Colour: vocab.White, Way: across(27, 32.5, 720, -80, farLane)},
		{ID: 4, Class: vocab.Person, Colour: vocab.Yellow, Lower: vocab.White, Way: []Waypoint{
			{37, 660, nearWalk - 6}, {40, 456, nearWalk - 6}, {43.5, 456, farWalk}, {49, -20, farWalk}}},
		{ID: 5, Class: vocab.Bicycle, Colour: vocab.Green, Lower: vocab.Orange, RiderID: 6, Way: across(53, 59.5, -50, 690, nearLane-14)},
		{ID: 7, Class: vocab.Truck, Colour: vocab.White, Way: across(63, 69, 760, -120, farLane)},
		{ID: 8, Class: vocab.Person, Colour: vocab.Pink, Lower: vocab.Black, Bag: vocab.Brown, Way: across(66, 77, 660, -20, nearWalk+8)},
	}
}
