// Command posteriori is the analyst's program: procedures, journal, index,
// queries and reports. It is pure Go and never parses a media byte; that is
// the work of posteriori-worker.
package main

import (
	"os"
)

func main() { os.Exit(run()) }

// run is the program with its exit status, so that script tests can call it.
func run() int {
	return newApp(os.Stdin, os.Stdout, os.Stderr).execute(os.Args[1:])
}
