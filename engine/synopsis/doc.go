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
//   - Overlap is counted on a grid of 128×72 cells by steps of a fifth of a
//     second, one machine word for 8×8 cells, not by comparing pixels of
//     pairs. The bound holds for the whole and, five times as wide, for each
//     group of objects; of what is small a little more, as cells at an edge are
//     touched and not covered.
//   - Objects that touch for a time (people who meet, a rider and a bicycle)
//     form a group and are moved together.
//   - Where every object of a group stands still for over four seconds, that
//     stretch is shown faster, with the speed in its time stamp; a stretch of
//     hours is shown in ten seconds. So a parked person or a bag left behind
//     does not set the length.
//   - A group that is still longer than the wanted length, or without one
//     would alone make the video long, is cut into parts
//     that are shown as if they were objects of their own (Pritch's
//     "stroboscopic" effect), marked 1/3, 2/3, 3/3.
//   - Nothing is dropped. If the wanted length cannot hold all objects within
//     the bound, the plan is as long as it must be and says so.
//   - First-fit in several orders gives a first arrangement. It is pressed
//     into shorter and shorter lengths, in each of which single groups are
//     taken out and put back where they overlap least, by simulated annealing
//     (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983), until the overlap
//     is within its bounds: the scheme of overlap minimisation known from
//     strip packing (Egeblad, Nielsen and Odgaard, EJOR 183, 2007). What
//     remains free goes into chronological order. The work is counted in
//     operations, not in seconds, so the same tubes always give the same plan.
//
// Condense keeps order and drops the time in which nothing that passes the
// filter is there; what stands still is shown faster than what moves. Timelapse is
// condense at one constant speed.
package synopsis
