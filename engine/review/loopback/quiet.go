package loopback

import (
	"io"
	"log"
)

// quiet drops what net/http says of broken connections: a request's text may name
// people, and nobody reads it.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
