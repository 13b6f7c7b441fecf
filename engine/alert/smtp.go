package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/smtp"
	"strconv"
	"time"

	"posteriori/engine/fault"
)

// checkServer says why s is not HOST:PORT.
func checkServer(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return errors.New("the port is not a number from 1 to 65535")
	}
	if host == "" {
		return errors.New("no host is named")
	}
	return nil
}

// send mails a. It encrypts where the server can, and never logs in: the
// server is the controller's own relay.
func send(ctx context.Context, c Config, a Alert) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	failed := func(err error) error {
		return fault.Wrap(fault.Internal, err, "the alert cannot be mailed").OnFile(c.SMTP)
	}
	text, err := letter(c, a)
	if err != nil {
		return failed(err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.SMTP)
	if err != nil {
		return failed(err)
	}
	defer conn.Close()
	// net/smtp knows no context: the deadline is the connection's, and an
	// interruption closes it.
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := deliver(conn, c, text); err != nil {
		return failed(err)
	}
	return nil
}

func deliver(conn net.Conn, c Config, text []byte) error {
	host, _, _ := net.SplitHostPort(c.SMTP)
	s, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if ok, _ := s.Extension("STARTTLS"); ok {
		if err := s.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	}
	if err := s.Mail(c.sender()); err != nil {
		return err
	}
	if err := s.Rcpt(c.To); err != nil {
		return err
	}
	w, err := s.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return s.Quit()
}

// letter is a as a mail (RFC 5322). All that is not ours to choose is encoded,
// so that no text can add a header.
func letter(c Config, a Alert) ([]byte, error) {
	facts, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, err
	}
	subject := "posteriori: alerte " + a.Kind
	if a.Demo {
		subject = "[DÉMONSTRATION] " + subject
	}
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", c.sender()}, {"To", c.To},
		{"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", a.Time.Format(time.RFC1123Z)},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	body := fmt.Sprintf("%s\n\n%s\n", a.Message, facts)
	code := base64.StdEncoding.EncodeToString([]byte(body))
	for len(code) > 0 {
		n := min(76, len(code))
		b.WriteString(code[:n] + "\r\n")
		code = code[n:]
	}
	return b.Bytes(), nil
}
