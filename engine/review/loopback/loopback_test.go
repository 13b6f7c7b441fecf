package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"posteriori/engine/fault"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(askEnv); address != "" { // this is the program of another account
		asks := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := asks.Get(address)
		if err != nil {
			fmt.Println("no answer")
			os.Exit(0)
		}
		resp.Body.Close()
		fmt.Println("status", resp.StatusCode)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// askEnv holds the address that the test binary, run again, asks for.
const askEnv = "POSTERIORI_TEST_ASK"

// TestOtherAccount: a program of another account of the machine gets no answer,
// not even with the token.
func TestOtherAccount(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("only root can run a program as another account")
	}
	address, _ := start(t)
	for _, c := range []struct {
		uid  uint32
		want string
	}{{1, "no answer"}, {0, "status 303"}} {
		exe := filepath.Join(t.TempDir(), "ask")
		b, err := os.ReadFile("/proc/self/exe")
		if err == nil {
			err = os.WriteFile(exe, b, 0o755)
		}
		for dir := filepath.Dir(exe); err == nil && dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			err = os.Chmod(dir, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe)
		cmd.Env, cmd.Dir = append(os.Environ(), askEnv+"="+address), "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("account %d: %q, %v; want %q", c.uid, got, err, c.want)
		}
	}
}

// echo answers every name with itself.
type echo struct{}

func (echo) Open(_ context.Context, name string) (Content, error) {
	if name == "gone" {
		return Content{}, fault.New(fault.NotFound, "it is gone").WithHint("look elsewhere")
	}
	return Content{Type: "text/plain", Data: []byte("page " + name)}, nil
}

func (echo) Act(_ context.Context, name string, body []byte) (any, error) {
	if name == "refused" {
		return nil, fault.New(fault.Refused, "no").UnderRule("4")
	}
	return map[string]string{"did": name + " " + string(body)}, nil
}

// start serves until the test ends, and gives the address with its token.
func start(t *testing.T) (address, origin string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- Serve(ctx, echo{}, Options{Policy: "default-src 'none'", Ready: func(a string) { ready <- a }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("serving ended with %v", err)
		}
	})
	address = <-ready
	return address, address[:strings.Index(address, "/?")]
}

type answer struct {
	status int
	body   string
	header http.Header
}

func send(t *testing.T, c *http.Client, method, url, body string, change func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(b), resp.Header}
}

// client keeps cookies, and its connections close with the test.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: tr}
}

// TestWhoMayAsk: the address works once, for one browser, under its own name.
func TestWhoMayAsk(t *testing.T) {
	address, origin := start(t)
	mine, other := client(t), client(t)
	if got := send(t, mine, "GET", origin+"/", "", nil); got.status != 403 {
		t.Errorf("without the token: %v", got)
	}
	if got := send(t, mine, "GET", address[:len(address)-1]+"x", "", nil); got.status != 403 {
		t.Errorf("with a wrong token: %v", got)
	}
	got := send(t, mine, "GET", address, "", nil)
	if got.status != 200 || got.body != "page " {
		t.Fatalf("with the token: %v", got)
	}
	for k, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
		if got.header.Get(k) != want {
			t.Errorf("%s: %q", k, got.header.Get(k))
		}
	}
	if got := send(t, other, "GET", address, "", nil); got.status != 403 {
		t.Errorf("the token a second time: %v", got)
	}
	if got := send(t, mine, "GET", address, "", nil); got.status != 200 {
		t.Errorf("the browser that is known, with the old address: %v", got)
	}
	for name, change := range map[string]func(*http.Request){
		"another name":         func(r *http.Request) { r.Host = "evil.example" },
		"localhost":            func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) },
		"another site":         func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":         func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"another origin":       func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"an origin of no site": func(r *http.Request) { r.Header.Set("Origin", "null") },
	} {
		if got := send(t, mine, "GET", origin+"/x", "", change); got.status < 400 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestCookie: no script reads it, and no other site's request carries it.
func TestCookie(t *testing.T) {
	address, _ := start(t)
	c := client(t)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got := send(t, c, "GET", address, "", nil)
	cookie := got.header.Get("Set-Cookie")
	if got.status != 303 || got.header.Get("Location") != "/" || !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; SameSite=Strict") {
		t.Errorf("%d to %q: %s", got.status, got.header.Get("Location"), cookie)
	}
	if token := address[strings.Index(address, "=")+1:]; strings.Contains(cookie, token) {
		t.Error("the cookie is the token")
	}
}

// TestActs: only the page acts, in its own way; errors say what to do.
func TestActs(t *testing.T) {
	address, origin := start(t)
	c := client(t)
	send(t, c, "GET", address, "", nil)
	own := func(r *http.Request) { r.Header.Set("Origin", origin) }
	if got := send(t, c, "POST", origin+"/api/clip", `{"a":1}`, own); got.status != 200 || !strings.Contains(got.body, `clip {\"a\":1}`) {
		t.Errorf("an act: %v", got)
	}
	for name, x := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
	}{
		"no origin":    {"POST", "/api/clip", "{}", nil, 403},
		"by GET":       {"GET", "/api/clip", "", nil, 405},
		"a page POST":  {"POST", "/", "", own, 405},
		"DELETE":       {"DELETE", "/", "", own, 405},
		"too much":     {"POST", "/api/clip", strings.Repeat("x", maxBody+1), own, 413},
		"refused":      {"POST", "/api/refused", "{}", own, 403},
		"what is gone": {"GET", "/gone", "", nil, 404},
	} {
		if got := send(t, c, x.method, origin+x.path, x.body, x.change); got.status != x.status || !strings.Contains(got.body, `"error"`) {
			t.Errorf("%s: %v, want %d", name, got, x.status)
		}
	}
	if got := send(t, c, "GET", origin+"/gone", "", nil); !strings.Contains(got.body, "look elsewhere") {
		t.Errorf("no hint: %v", got)
	}
	if got := send(t, c, "GET", origin+"/film", "", func(r *http.Request) { r.Header.Set("Range", "bytes=5-6") }); got.status != 206 || got.body != "fi" {
		t.Errorf("a range: %v", got)
	}
}

// TestListensHereOnly: no other address of this machine answers.
func TestListensHereOnly(t *testing.T) {
	_, origin := start(t)
	host, port, err := net.SplitHostPort(strings.TrimPrefix(origin, "http://"))
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Fatalf("listens on %s: %v", host, err)
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() {
			continue
		}
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), port), time.Second); err == nil {
			c.Close()
			t.Errorf("answers on %s", n.IP)
		}
	}
}

// TestIdle: a session that nobody uses ends.
func TestIdle(t *testing.T) {
	err := Serve(t.Context(), echo{}, Options{Idle: 20 * time.Millisecond})
	if !errors.Is(err, ErrIdle) {
		t.Errorf("ended with %v", err)
	}
}
