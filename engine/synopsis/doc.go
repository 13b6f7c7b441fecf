// Package synopsis plans how hours of recordings are shown in minutes. It
// touches no pixels: a [Planner] takes the tubes that a filter returned
// (tracks with their silhouettes) and makes a [Plan], from which come the
// worker's job ([Plan.Job], carried out by engine/render) and the [Sidecar]
// that maps every object in every output frame to its recording, time and
// track.
//
// Objects mode shifts tubes in time so that objects from different moments
// show at once, after Pritch, Rav-Acha and Peleg, "Nonchronological Video
// Synopsis and Indexing", IEEE TPAMI 30(11), 2008. What is ours:
//
//   - Overlap is counted on a grid of 64×36 cells by steps of a fifth of a
//     second, one machine word a row, not by comparing pixels of pairs. The
//     bound holds for each group of objects as it is placed, so it holds for
//     the whole.
//   - Objects that touch for a time (people who meet, a rider and a bicycle)
//     form a group and are moved together.
//   - Where every object of a group stands still for over four seconds, that
//     stretch is shown faster, with the speed in its time stamp; a stretch of
//     hours is shown in ten seconds. So a parked person or a bag left behind
//     does not set the length.
//   - A group that is still longer than the wanted length is cut into parts
//     that are shown as if they were objects of their own (Pritch's
//     "stroboscopic" effect), marked 1/3, 2/3, 3/3.
//   - Nothing is dropped. If the wanted length cannot hold all objects within
//     the bound, the plan is as long as it must be and says so.
//   - Orders are tried by squeaky-wheel optimisation (Joslin and Clements,
//     JAIR 10, 1999): what ended last goes first in the next try. Among equal
//     lengths the one nearest to chronological order wins. The work is
//     counted in operations, not in seconds, so the same tubes always give
//     the same plan.
//
// Condense keeps order and drops the time in which nothing that passes the
// filter happens; timelapse is condense at one constant speed.
package synopsis
