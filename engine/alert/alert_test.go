package alert

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"posteriori/engine/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func example() Alert {
	return Alert{
		Kind: "model-refused", Rule: "11", Message: "le modèle x est refusé\r\nBcc: someone@example.org",
		Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Store: "abc", Record: 7, Demo: true,
		Objects: []Object{{Kind: "model", ID: "x", SHA256: "00"}},
	}
}

// program finds a real one, by its absolute path.
func program(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Skip("no " + name)
	}
	return p
}

func TestCommandGetsTheAlertAsJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "got; rm -rf $HOME") // no shell reads this
	if err := Send(t.Context(), Config{Command: []string{program(t, "tee"), out}}, example()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got Alert
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(example(), got); d != "" {
		t.Error(d)
	}
}

func TestCommandSeesNoSecrets(t *testing.T) {
	t.Setenv("POSTERIORI_SECRET", "x")
	err := Send(t.Context(), Config{Command: []string{program(t, "sh"), "-c", "env >&2; exit 3"}}, example())
	if err == nil || strings.Contains(err.Error(), "POSTERIORI_SECRET") || !strings.Contains(err.Error(), "PATH=") {
		t.Errorf("%v", err)
	}
}

func TestCommandThatFailsOrHangs(t *testing.T) {
	for _, argv := range [][]string{{program(t, "false")}, {"/no/such/program"}} {
		if err := Send(t.Context(), Config{Command: argv}, example()); err == nil {
			t.Errorf("%v: no error", argv)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := Send(ctx, Config{Command: []string{program(t, "sleep"), "60"}}, example()); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// server takes one mail on loopback and gives the commands and the text. It
// answers reply to RCPT.
func server(t *testing.T, reply string) (addr string, got chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got = make(chan []string, 1)
	go func() {
		var lines []string
		defer func() { got <- lines }()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "220 test\r\n")
		r := bufio.NewScanner(c)
		for data := false; r.Scan(); {
			line := r.Text()
			lines = append(lines, line)
			word, _, _ := strings.Cut(line, " ")
			switch {
			case data && line == ".":
				data = false
				fmt.Fprint(c, "250 taken\r\n")
			case data:
			case word == "DATA":
				data = true
				fmt.Fprint(c, "354 go\r\n")
			case word == "RCPT":
				fmt.Fprint(c, reply)
			case word == "QUIT":
				fmt.Fprint(c, "221 bye\r\n")
				return
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().String(), got
}

func TestMail(t *testing.T) {
	addr, got := server(t, "250 ok\r\n")
	c := Config{SMTP: addr, From: "engine@example.org", To: "dpo@example.org"}
	if err := Send(t.Context(), c, example()); err != nil {
		t.Fatal(err)
	}
	lines := <-got
	text := strings.Join(lines, "\n")
	for _, want := range []string{"MAIL FROM:<engine@example.org>", "RCPT TO:<dpo@example.org>"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	_, letter, _ := strings.Cut(text, "\nDATA\n")
	m, err := mail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[DÉMONSTRATION] posteriori: alerte model-refused" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if m.Header.Get("Bcc") != "" {
		t.Error("the message added a header")
	}
	head, _, _ := strings.Cut(letter, "\n\n")
	body, _, _ := strings.Cut(strings.TrimPrefix(letter, head+"\n\n"), "\n.\n")
	plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if err != nil || !strings.HasPrefix(string(plain), "le modèle x est refusé") || !strings.Contains(string(plain), `"record": 7`) {
		t.Errorf("%v: %s", err, plain)
	}
}

func TestMailThatIsRefused(t *testing.T) {
	addr, got := server(t, "550 no such user\r\n")
	c := Config{SMTP: addr, From: "engine@example.org", To: "dpo@example.org"}
	if err := Send(t.Context(), c, example()); err == nil || !strings.Contains(err.Error(), "550") {
		t.Errorf("%v", err)
	}
	<-got
}

// TestSilentServer: one that takes the connection and says nothing is given up.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	c := Config{SMTP: l.Addr().String(), From: "a@example.org", To: "b@example.org"}
	if err := Send(ctx, c, example()); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestOneWayThatFailsDoesNotKeepTheOtherBack sends by a dead server and a
// live command.
func TestOneWayThatFailsDoesNotKeepTheOtherBack(t *testing.T) {
	addr, got := server(t, "250 ok\r\n")
	c := Config{Command: []string{program(t, "false")}, SMTP: addr, From: "a@example.org", To: "b@example.org"}
	if err := Send(t.Context(), c, example()); err == nil {
		t.Error("no error")
	}
	if lines := <-got; len(lines) < 5 {
		t.Errorf("no mail: %q", lines)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []Config{
		{Command: []string{"mail"}}, {Command: []string{""}}, {SMTP: "host"}, {SMTP: ":25", To: "a@b.fr"},
		{SMTP: "h:0", To: "a@b.fr"}, {SMTP: "h:smtp", To: "a@b.fr"}, {SMTP: "h:25"}, {SMTP: "h:25", To: "a b"},
		{SMTP: "h:25", To: "a@b.fr\r\nDATA"}, {SMTP: "h:25", To: "A <a@b.fr>"}, {SMTP: "h:25", To: "a@b.fr", From: "x"}, {To: "a@b.fr"},
	} {
		if err := c.Check(); fault.KindOf(err) != fault.Usage || err == nil {
			t.Errorf("%+v: %v", c, err)
		}
		if err := Send(t.Context(), c, example()); err == nil {
			t.Errorf("%+v was used", c)
		}
	}
	if err := Send(t.Context(), Config{}, example()); err != nil {
		t.Errorf("nothing configured: %v", err)
	}
	c := Config{Command: []string{"/usr/bin/logger", "-t", "x"}, SMTP: "h:25", To: "a@b.fr"}
	if d := cmp.Diff([]string{"command logger", "a@b.fr"}, c.Recipients()); d != "" || !c.Configured() {
		t.Error(d)
	}
}
