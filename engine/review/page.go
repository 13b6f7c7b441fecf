package review

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
)

//go:embed page/*.js page/style.css page/body.html
var assets embed.FS

// scripts are the parts of the page's program, in order: each uses only what
// stands before it when it is read.
var scripts = []string{"words.js", "geometry.js", "store.js", "filter.js", "command.js", "facets.js", "grid.js", "timeline.js",
	"camera.js", "player.js", "synopsis.js", "decide.js", "app.js"}

// Script is the page's program as one text.
func Script() string {
	var b strings.Builder
	b.WriteString("'use strict';(()=>{\n")
	for _, name := range scripts {
		b.WriteString(asset(name))
	}
	b.WriteString("\n})();\n")
	return b.String()
}

func asset(name string) string {
	b, err := assets.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return string(b)
}

// Policy is the page's content security policy: its own script and style, files
// beside it, and nothing else in the world. For a page in a folder, own names
// files; for one from a server it is 'self'.
func Policy(own string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	connect := "'none'"
	if own == "'self'" {
		connect = own
	}
	return strings.Join([]string{"default-src 'none'", "script-src " + hash(Script()) + " " + own, "style-src " + hash(asset("style.css")),
		"img-src " + own + " data: blob:", "media-src " + own, "connect-src " + connect,
		"base-uri 'none'", "form-action 'none'"}, "; ")
}

// WriteHTML writes the page.
func (p *Page) WriteHTML(w io.Writer) error {
	cols := p.Columns()
	meta, err := json.Marshal(p.Meta) // escapes <, > and &, so it cannot end its element
	if err != nil {
		return err
	}
	policy := ""
	if !p.Meta.Live { // a server says it in a header
		policy = fmt.Sprintf("<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", html.EscapeString(Policy("file:")))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n%s"+
		"<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"+
		"<link rel=\"icon\" href=\"data:,\">\n<title>%s</title>\n<style>%s</style>\n</head>\n",
		policy, html.EscapeString("Examen "+p.Meta.Procedure), asset("style.css"))
	b.WriteString(asset("body.html"))
	fmt.Fprintf(&b, "<script type=\"application/json\" id=\"meta\">%s</script>\n", meta)
	writeBlock(&b, "columns", cols)
	for i, f := range p.Meta.PathFiles {
		if f.Src == "" {
			writeBlock(&b, fmt.Sprintf("paths-%d", i), p.path[i].data)
		}
	}
	fmt.Fprintf(&b, "<script>%s</script>\n</body>\n</html>\n", Script())
	_, err = w.Write(b.Bytes())
	return err
}

// writeBlock writes bytes as an element that the browser does not interpret.
func writeBlock(b *bytes.Buffer, id string, data []byte) {
	fmt.Fprintf(b, "<script type=\"text/plain\" id=\"%s\">%s</script>\n", id, base64.StdEncoding.EncodeToString(data))
}

// PathScript is the i-th file of Meta.PathFiles: packed paths as a script, which a
// browser reads from a folder too.
func (p *Page) PathScript(i int) ([]byte, error) {
	if i < 0 || i >= len(p.path) {
		return nil, fmt.Errorf("there is no file of paths %d", i)
	}
	return fmt.Appendf(nil, "reviewPaths(%d,\"%s\");\n", i, base64.StdEncoding.EncodeToString(p.path[i].data)), nil
}
