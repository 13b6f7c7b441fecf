package metrics

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"posteriori/engine/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestText(t *testing.T) {
	s := new(Set)
	s.Counter("chunks_total", "Chunks.", "outcome=done", 2)
	s.Counter("chunks_total", "Chunks.", "outcome=done", 1)
	s.Counter("chunks_total", "Chunks.", `outcome=a"b\c`, 1)
	s.Gauge("share", "Share.\nOf all.", "", 0.25)
	s.Gauge("share", "", "", 0.5)
	s.Func("asked", "Asked.", func() float64 { return 1e9 })
	var b strings.Builder
	if _, err := s.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	const want = `# HELP asked Asked.
# TYPE asked gauge
asked 1e+09
# HELP chunks_total Chunks.
# TYPE chunks_total counter
chunks_total{outcome="a\"b\\c"} 1
chunks_total{outcome="done"} 3
# HELP share Share.\nOf all.
# TYPE share gauge
share 0.5
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

// TestServe: on this machine alone, by its own name alone.
func TestServe(t *testing.T) {
	s := new(Set)
	s.Process("v1")
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0", "example.org:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ""} {
		if at, stop, err := s.Serve(address); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: listens on %s, %v", address, at, err)
			stop()
		}
	}
	at, stop, err := s.Serve("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if !strings.HasPrefix(at, "127.0.0.1:") {
		t.Errorf("it listens on %s", at)
	}
	if _, _, err := s.Serve(at); fault.KindOf(err) != fault.Usage {
		t.Errorf("a port in use: %v", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, c := range []struct {
		method, path, host string
		status             int
	}{
		{"GET", "/metrics", "", 200}, {"HEAD", "/metrics", "", 200}, {"GET", "/", "", 404}, {"POST", "/metrics", "", 405},
		{"GET", "/metrics", "evil.example:80", 421}, {"GET", "/metrics", "evil.example", 421},
	} {
		r, err := http.NewRequest(c.method, "http://"+at+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.host != "" {
			r.Host = c.host
		}
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(got.Body)
		got.Body.Close()
		if got.StatusCode != c.status {
			t.Errorf("%+v: %d", c, got.StatusCode)
		}
		if c.status == 200 && c.method == "GET" && (!strings.Contains(string(text), `posteriori_build_info{version="v1"} 1`) || !strings.Contains(string(text), "\nprocess_open_fds ")) {
			t.Errorf("%s", text)
		}
	}
}
