package scene

// Event says what a track tells beside a thing that moves. The zero value is
// a moving object, no event.
type Event uint8

// The events. Their order is stored: append only.
const (
	NoEvent Event = iota
	// ThingLeft is a thing that someone set down and went away from. Its track
	// begins as it is set down and ends as it is taken, or as it has become a
	// part of the scene.
	ThingLeft
	// ThingRemoved is a thing that stood there and was taken away. Its track
	// covers the time around the taking, at the place where it had stood.
	ThingRemoved
	numEvents
)

var eventNames = [numEvents]string{"", "left", "removed"}

// String is the event's name as filters and outputs write it; empty for none.
func (e Event) String() string {
	if e < numEvents {
		return eventNames[e]
	}
	return ""
}

// ParseEvent finds an event by name; the empty name is none.
func ParseEvent(s string) (Event, bool) {
	for i, n := range eventNames {
		if n == s {
			return Event(i), true
		}
	}
	return NoEvent, false
}
