// Package metrics shows figures of a run to a Prometheus server on the same
// machine, in its text format (version 0.0.4), and to nobody else: it listens on
// 127.0.0.1 alone. Figures have no label but states and outcomes of the engine's
// own, so that they tell nothing of a procedure.
//
// It is written by hand: one page of text, against some three megabytes and
// twenty packages that the official library brings.
package metrics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"posteriori/engine/fault"
)

// Set is a set of figures. Its methods may be called from many goroutines.
type Set struct {
	mu       sync.Mutex
	families []*family
}

// family is the figures of one name, by the value of their one label.
type family struct {
	name, help, kind, label string
	values                  map[string]float64
	read                    func() float64 // instead of values
}

// Counter adds by to a counter, which only grows. The label is given as
// name=value; "" for none.
func (s *Set) Counter(name, help, label string, by float64) {
	s.change(name, help, "counter", label, by, true)
}

// Gauge sets a figure that goes up and down.
func (s *Set) Gauge(name, help, label string, to float64) {
	s.change(name, help, "gauge", label, to, false)
}

// Func has a gauge read when it is asked for.
func (s *Set) Func(name, help string, read func() float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.family(name, help, "gauge", "").read = read
}

func (s *Set) change(name, help, kind, label string, v float64, add bool) {
	key, value, _ := strings.Cut(label, "=")
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.family(name, help, kind, key)
	if add {
		v += f.values[value]
	}
	f.values[value] = v
}

// family finds or makes a family. The caller holds s.mu.
func (s *Set) family(name, help, kind, label string) *family {
	for _, f := range s.families {
		if f.name == name {
			return f
		}
	}
	f := &family{name: name, help: help, kind: kind, label: label, values: map[string]float64{}}
	s.families = append(s.families, f)
	return f
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// WriteTo writes all figures in Prometheus' text format, by name.
func (s *Set) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	s.mu.Lock()
	list := slices.Clone(s.families)
	slices.SortFunc(list, func(x, y *family) int { return strings.Compare(x.name, y.name) })
	for _, f := range list {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.name, escape.Replace(f.help), f.name, f.kind)
		if f.read != nil {
			fmt.Fprintf(&b, "%s %s\n", f.name, number(f.read()))
			continue
		}
		keys := make([]string, 0, len(f.values))
		for k := range f.values {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if f.label == "" {
				fmt.Fprintf(&b, "%s %s\n", f.name, number(f.values[k]))
			} else {
				fmt.Fprintf(&b, "%s{%s=\"%s\"} %s\n", f.name, f.label, escape.Replace(k), number(f.values[k]))
			}
		}
	}
	s.mu.Unlock()
	return b.WriteTo(w)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Process adds what every program tells of itself.
func (s *Set) Process(version string) {
	began := float64(time.Now().UnixMilli()) / 1000
	s.Gauge("posteriori_build_info", "The program's version.", "version="+version, 1)
	s.Func("process_start_time_seconds", "When the program started, since 1970.", func() float64 { return began })
	s.Func("process_resident_memory_bytes", "Memory of this process; its workers have their own.", resident)
	s.Func("process_open_fds", "Files that the program has open.", openFiles)
	s.Func("go_goroutines", "Goroutines.", func() float64 { return float64(runtime.NumGoroutine()) })
}

// resident is the memory of this process by proc(5), in bytes.
func resident() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if err != nil || len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(f[1], 64) // 0 where it is none
	return pages * float64(os.Getpagesize())
}

func openFiles() float64 {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return float64(len(list) - 1) // the folder itself was open
}

// port checks an address and gives its port: it must be one of this machine
// alone.
func port(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil {
		return "", fault.New(fault.Usage, "%q is no address like 127.0.0.1:9464", address)
	}
	if host != "127.0.0.1" && host != "localhost" {
		return "", fault.New(fault.Usage, "figures are shown on 127.0.0.1 alone, not on %q", host).
			WithHint("a collector elsewhere reads them through an agent on this machine")
	}
	return strconv.FormatUint(n, 10), nil
}

// Serve shows the figures at http://ADDRESS/metrics until stop is called. The
// host of address must be 127.0.0.1 or localhost; port 0 takes a free one. It
// returns the address.
func (s *Set) Serve(address string) (at string, stop func(), err error) {
	p, err := port(address)
	if err != nil {
		return "", nil, err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:"+p)
	if err != nil {
		return "", nil, fault.Wrap(fault.Usage, err, "figures cannot be shown there").WithHint("name a free port")
	}
	hs := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
	done := make(chan struct{})
	go func() { defer close(done); _ = hs.Serve(ln) }() // ends with stop
	return ln.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if errors.Is(hs.Shutdown(ctx), context.DeadlineExceeded) {
			_ = hs.Close()
		}
		<-done
	}, nil
}

// ServeHTTP answers GET /metrics for this machine's own name: a foreign one that
// resolves to it is refused.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	switch {
	case err != nil || host != "127.0.0.1" && host != "localhost":
		http.Error(w, "this address is not served here", http.StatusMisdirectedRequest)
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "not in this way", http.StatusMethodNotAllowed)
	default:
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = s.WriteTo(w) // the collector went away
	}
}
