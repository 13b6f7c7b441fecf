// Package attribute names what a person would say of a track: class, colour,
// heading; and it picks the picture that shows it best.
//
// Colours are the eleven basic colour terms of Berlin and Kay ("Basic Color
// Terms", 1969), which van de Weijer et al. ("Learning Color Names for
// Real-World Applications", IEEE TIP 2009) found best for naming colours in
// pictures, with silver and beige added because vehicles are described by
// them. A colour is a word for a person's filter: it is never a description
// that tells one object from another.
//
// The paint of cars, trucks and buses is named by a small classifier of our own
// over counts of colours (histogram.go, paint.go, trained by
// models/train/colour) together with rules (names.go); clothes, bags and
// two-wheelers by the rules alone. Scores are calibrated: of answers with .9,
// nine in ten are right (bench, suite reliability).
//
// Nothing here guesses: where the light does not allow a colour, or the votes
// disagree, or the object hardly moved, the answer is unknown.
package attribute
