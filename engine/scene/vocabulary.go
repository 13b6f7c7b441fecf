package scene

// Class is what an object is. The zero value is "other": something that
// moves and that no detector named.
type Class uint8

// The classes. Their order is stored: append only.
const (
	Other Class = iota
	Person
	Bicycle
	Motorcycle
	Car
	Truck // van or lorry
	Bus
	Bag // backpack or handbag
	Suitcase
	Animal
	numClasses
)

var classNames = [numClasses]string{
	"other", "person", "bicycle", "motorcycle", "car", "truck", "bus", "bag", "suitcase", "animal",
}

// String is the class's name as filters and outputs write it.
func (c Class) String() string {
	if c < numClasses {
		return classNames[c]
	}
	return "other"
}

// ParseClass finds a class by name.
func ParseClass(s string) (Class, bool) {
	for i, n := range classNames {
		if n == s {
			return Class(i), true
		}
	}
	return Other, false
}

// Classes lists every class in stored order.
func Classes() []Class {
	out := make([]Class, numClasses)
	for i := range out {
		out[i] = Class(i)
	}
	return out
}

// Kind is the number of the group of classes that a detector mixes up among
// themselves, 0 for those that it does not.
func (c Class) Kind() int {
	switch c {
	case Person:
		return 1
	case Bicycle, Motorcycle:
		return 2
	case Car, Truck, Bus:
		return 3
	case Bag, Suitcase:
		return 4
	case Animal:
		return 5
	}
	return 0
}

// IsVehicle tells whether the class is a road vehicle.
func (c Class) IsVehicle() bool { return c >= Bicycle && c <= Bus }

// Colour is the colour of a vehicle's body or of upper clothing. The zero
// value is "unknown": the light did not allow it, or the votes disagreed.
type Colour uint8

// The colours. Their order is stored: append only.
const (
	UnknownColour Colour = iota
	Black
	Grey
	Silver
	White
	Red
	Orange
	Yellow
	Green
	Blue
	Purple
	Pink
	Brown
	Beige
	numColours
)

var colourNames = [numColours]string{
	"unknown", "black", "grey", "silver", "white", "red", "orange", "yellow",
	"green", "blue", "purple", "pink", "brown", "beige",
}

// String is the colour's name as filters and outputs write it.
func (c Colour) String() string {
	if c < numColours {
		return colourNames[c]
	}
	return "unknown"
}

// ParseColour finds a colour by name; "gray" and "violet" are taken too.
func ParseColour(s string) (Colour, bool) {
	switch s {
	case "gray":
		return Grey, true
	case "violet":
		return Purple, true
	}
	for i, n := range colourNames {
		if n == s {
			return Colour(i), true
		}
	}
	return UnknownColour, false
}

// Colours lists every colour in stored order.
func Colours() []Colour {
	out := make([]Colour, numColours)
	for i := range out {
		out[i] = Colour(i)
	}
	return out
}
