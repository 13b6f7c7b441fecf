package scene

import "testing"

func BenchmarkVisits(b *testing.B) {
	var feet []Point
	for i := range 60 {
		feet = append(feet, Point{float64(i) * 5, 150})
	}
	p := walkEvery(200_000, feet...)
	for b.Loop() {
		if len(square.Visits(p)) != 1 {
			b.Fatal("no visit")
		}
	}
}

func BenchmarkUnpackPath(b *testing.B) {
	var feet []Point
	for i := range 60 {
		feet = append(feet, Point{float64(i) * 5, 150})
	}
	data := PackPath(walkEvery(200_000, feet...))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := UnpackPath(data); err != nil {
			b.Fatal(err)
		}
	}
}
