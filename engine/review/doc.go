// Package review makes the page on which an analyst looks through what a search
// found: the synopsis, the spans of the originals, the timeline with its
// coverage, the pictures of all tracks, and zones drawn with the mouse.
//
// The page is one HTML file with its own style and script, which works from a
// folder without a network ([Folder]) or from package loopback, which also cuts
// clips and keeps decisions. It asks for nothing beyond the place it came from.
//
// What the page filters it filters itself, on columns of plain numbers
// ([Page.Columns]) and on the paths as the index packs them ([scene.PackPath]),
// which it unpacks when a zone or line wants them. The rules for zones, lines
// and stops are those of engine/scene, written again in page/geometry.js; a test
// holds the two together.
package review
