// Package plate works on what was read off number plates: it fuses the reads
// of one track into a lattice, proposes what a country's syntax would make of
// it, matches patterns, masks and commits to plates. Pure Go, no pictures.
//
//	l := plate.Fuse(reads)               // per-character votes; keeps every raw read
//	text, score := l.Best()              // what the votes say
//	l.Interpretations()                  // what a syntax would make of it, never instead of it
//	q, err := plate.ParsePattern("AB-1?3-*")
//	m := q.Match(l, plate.Options{Fuzzy: 1})
//	m.Why()                              // "8 read for B at 3, which looks alike"
//	plate.Mask(text)                     // ██-███-██
//	plate.Commit(key, text)              // for the journal
//
// What was read stays what was read. A syntax knows that a French plate since
// 2009 has no O, but also that cameras see foreign, old, false and dirty
// plates: it may propose, and says that it did.
package plate
