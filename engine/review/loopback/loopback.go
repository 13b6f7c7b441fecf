// Package loopback shows a review page to a browser on the same machine, and to
// nobody else. It is the one package of the analyst's program that listens: on
// 127.0.0.1 only, on a port that the system chooses.
//
// Who may ask is settled four times over. Only programs of the account that
// serves are answered, where the system tells (Linux). The address that is printed holds a
// token that works once; it is exchanged for a cookie (HttpOnly, SameSite=Strict)
// that lives as long as the session. Every request must name the server's own
// address as its Host, so that a foreign name that resolves to it (DNS rebinding)
// is refused; and what acts must come from the page itself (Origin). Nothing may
// be cached or embedded, and the page may reach nothing else.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"posteriori/engine/fault"
)

// Backend is what the page asks for. It is called from several goroutines.
type Backend interface {
	// Open gives a file of the page by its address: "" is the page itself. What is
	// not there is fault.NotFound.
	Open(ctx context.Context, name string) (Content, error)
	// Act does what the page asks by name ("clip", "decide") with its JSON, and
	// gives what to answer as JSON. An error's message and hint are shown.
	Act(ctx context.Context, name string, body []byte) (any, error)
}

// Content is one file: File, which is closed after it was sent, or Data.
type Content struct {
	Type string // media type
	Data []byte
	File *os.File
}

// Options say how to serve.
type Options struct {
	Policy string        // content security policy of every answer
	Idle   time.Duration // ends the session after so long without a request; 0: never
	// Ready is told the address with its token once, when the server answers.
	Ready func(address string)
}

// ErrIdle ends a session that nobody used for so long.
var ErrIdle = errors.New("nobody asked for anything")

// maxBody bounds what a page may send.
const maxBody = 64 << 10

// Serve answers until ctx ends, or nobody has asked for Idle: then ErrIdle.
func Serve(ctx context.Context, b Backend, o Options) error {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the machine's own address cannot be used")
	}
	s := &server{backend: b, options: o, host: ln.Addr().String(), token: random(), session: random()}
	s.used.Store(time.Now().UnixNano())
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hs := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: quiet()}
	done := make(chan error, 1)
	go func() { done <- hs.Serve(ownListener{ln}) }()
	var wait sync.WaitGroup
	if o.Idle > 0 {
		wait.Go(func() { s.watchIdle(ctx, cancel) })
	}
	if o.Ready != nil {
		o.Ready("http://" + s.host + "/?token=" + s.token)
	}
	select {
	case err = <-done: // it cannot go on
	case <-ctx.Done():
		err = context.Cause(ctx)
		s.end(hs)
		<-done
	}
	cancel(nil)
	wait.Wait()
	s.running.Wait()
	return err
}

// ownListener takes connections of the account that serves, and closes others.
type ownListener struct{ net.Listener }

func (l ownListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || sameAccount(c) {
			return c, err
		}
		_ = c.Close()
	}
}

// end lets requests under way find that the session is over, then cuts them off.
func (s *server) end(hs *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if hs.Shutdown(ctx) != nil {
		_ = hs.Close()
	}
}

type server struct {
	backend Backend
	options Options
	host    string // 127.0.0.1:PORT
	token   string // of the address that is printed
	session string // of the cookie
	taken   atomic.Bool
	used    atomic.Int64 // Unix ns of the last request
	busy    atomic.Int64 // requests under way
	running sync.WaitGroup
}

// random is a secret of 256 bits.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s *server) watchIdle(ctx context.Context, cancel context.CancelCauseFunc) {
	t := time.NewTicker(max(s.options.Idle/20, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if s.busy.Load() == 0 && time.Since(time.Unix(0, s.used.Load())) > s.options.Idle {
				cancel(ErrIdle)
				return
			}
		}
	}
}

// cookieName names the session's cookie, apart for each port: cookies are not.
func (s *server) cookieName() string {
	_, port, _ := net.SplitHostPort(s.host)
	return "posteriori-" + port
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.running.Add(1)
	s.busy.Add(1)
	defer func() { s.busy.Add(-1); s.running.Done() }()
	h := w.Header()
	h.Set("Content-Security-Policy", s.options.Policy+"; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case r.Host != s.host:
		refuse(w, http.StatusMisdirectedRequest, "this address is not served here")
	case r.URL.Query().Has("token"):
		s.enter(w, r)
	case !s.known(r):
		refuse(w, http.StatusForbidden, "this needs the address that posteriori serve printed, which works once")
	case !own(r, s.host):
		refuse(w, http.StatusForbidden, "only the page itself may ask")
	default:
		s.used.Store(time.Now().UnixNano())
		s.answer(w, r)
		s.used.Store(time.Now().UnixNano())
	}
}

// enter exchanges the token for the cookie, once.
func (s *server) enter(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !equal(r.URL.Query().Get("token"), s.token) || !s.taken.CompareAndSwap(false, true) {
		if s.known(r) { // the page, loaded again with the address of before
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		refuse(w, http.StatusForbidden, "this address has been used: start posteriori serve again")
		return
	}
	s.used.Store(time.Now().UnixNano())
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: s.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *server) known(r *http.Request) bool {
	c, err := r.Cookie(s.cookieName())
	return err == nil && equal(c.Value, s.session)
}

// own tells whether the page itself asks. What acts must say where it comes from.
func own(r *http.Request, host string) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if r.Method == http.MethodPost {
		return origin == "http://"+host
	}
	return origin == "" || origin == "http://"+host
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	act, isAct := strings.CutPrefix(name, "api/")
	switch {
	case isAct && r.Method == http.MethodPost:
		s.act(w, r, act)
	case !isAct && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.file(w, r, name)
	default:
		refuse(w, http.StatusMethodNotAllowed, "not in this way")
	}
}

func (s *server) file(w http.ResponseWriter, r *http.Request, name string) {
	c, err := s.backend.Open(r.Context(), name)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", c.Type)
	if c.File == nil {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(c.Data)))
		return
	}
	defer c.File.Close()
	http.ServeContent(w, r, "", time.Time{}, c.File)
}

func (s *server) act(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "that is too much")
		return
	}
	got, err := s.backend.Act(r.Context(), name, body)
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, got)
}

// fail says what went wrong, as a user may act on it.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.Usage, fault.BadInput:
		status = http.StatusBadRequest
	case fault.Refused:
		status = http.StatusForbidden
	}
	var f *fault.Error
	if errors.As(err, &f) {
		reply(w, status, map[string]string{"error": f.Error(), "hint": f.Hint})
		return
	}
	reply(w, status, map[string]string{"error": err.Error()})
}

func refuse(w http.ResponseWriter, status int, text string) {
	reply(w, status, map[string]string{"error": text})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the browser went away
}
