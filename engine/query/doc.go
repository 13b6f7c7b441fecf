// Package query finds tracks: a [Filter] becomes SQL for what the index can
// tell, and tests in Go for what only a track's path can.
//
// # Meaning
//
// The place of an object is its foot, the middle of its box's lower edge. A
// track enters a zone when it was seen outside before it was inside; to ask
// for all that were in a zone at any time, ask for a dwell of 0s. The size of
// a track is its median box. A wall-clock bound keeps a track when it may lie
// within, given the uncertainty of its recording's clock; recordings without
// a clock are left out, and [Scope] says so.
//
// # The language of --where
//
// An expression over the fields and functions of type env (env.go), with the
// operators of expr-lang: == != < <= > >= and or not in contains startsWith
// endsWith matches + - * / % ?:, the functions abs, ceil, floor, round, min,
// max, lower, upper and date, and durations such as 30s, 1m30s or 500ms,
// which stand for seconds:
//
//	class in ["car", "truck"] and dwell("gate") > 30s and not enters("yard")
//
// What compares a field with a value at the top level (or under "and" and
// "or") is also asked of the index, so that it narrows the search.
package query
