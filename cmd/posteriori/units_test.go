package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUnits: the units that are written are what systemd takes, with names that
// need quoting; where systemd is not there its syntax is checked here.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, `a "store" 100%`)
	exe := filepath.Join(dir, "pro gram", "posteriori")
	try(t, os.MkdirAll(filepath.Dir(exe), 0o755))
	try(t, os.WriteFile(exe, []byte("#!/bin/sh\n"), 0o755))
	run := func(args ...string) (int, string) {
		var out, errs strings.Builder
		code := newApp(strings.NewReader(""), &out, &errs).execute(append([]string{"--store", store, "--reason", "lots 4 & 5, \"urgent\" 50%"}, args...))
		return code, out.String() + errs.String()
	}
	if code, said := run("init", "--demo"); code != 0 {
		t.Fatal(said)
	}
	units := filepath.Join(dir, "units")
	if code, said := run("store", "units", "-o", units, "--user", "root", "--metrics", "127.0.0.1:9464"); code != 0 {
		t.Fatal(said)
	}
	if _, err := os.Stat(filepath.Join(units, workerUnit)); err == nil {
		t.Error("a unit for worker machines, without a spool to work on")
	}
	many := filepath.Join(dir, "many")
	spool := filepath.Join(dir, "the spool")
	if code, said := run("store", "units", "-o", many, "--user", "root", "--spool", spool); code != 0 || !strings.Contains(said, workerUnit) {
		t.Fatal(said)
	}
	if code, _ := run("store", "units", "-o", many, "--user", "root", "--spool", "spool"); code != 2 {
		t.Errorf("a spool that is no place: %d", code)
	}
	if code, _ := run("store", "units", "-o", units, "--user", "root\nExecStart=/bin/sh"); code != 2 {
		t.Errorf("a user that is a line: %d", code)
	}
	// The test binary is not what the units should start.
	self, err := os.Executable()
	try(t, err)
	var files []string
	for _, path := range append(in(units, unitNames...), in(many, unitNames[0], workerUnit)...) {
		name := filepath.Base(path)
		b, err := os.ReadFile(path)
		try(t, err)
		text := strings.ReplaceAll(string(b), quoteUnit(self), quoteUnit(exe))
		try(t, os.WriteFile(path, []byte(text), 0o644))
		files = append(files, path)
		checkUnit(t, name, text)
	}
	if b, _ := os.ReadFile(files[0]); !strings.Contains(string(b), `Environment="POSTERIORI_STORE=`+dir+`/a \"store\" 100%%"`) {
		t.Errorf("the store is not named as systemd reads it:\n%s", b)
	}
	for _, path := range in(many, unitNames[0], workerUnit) {
		b, err := os.ReadFile(path)
		try(t, err)
		for _, line := range []string{"EnvironmentFile=/etc/posteriori/queue.env", `Environment="POSTERIORI_SPOOL=` + spool + `"`, `ReadWritePaths="` + spool + `"`} {
			if !strings.Contains(string(b), line+"\n") {
				t.Errorf("%s lacks %s:\n%s", path, line, b)
			}
		}
		if name := filepath.Base(path); name == workerUnit && strings.Contains(string(b), "POSTERIORI_STORE") {
			t.Errorf("a worker machine is told of a store:\n%s", b)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd is not installed; its syntax was checked by this test's own reader")
	}
	for i, f := range files {
		verify := exec.Command("systemd-analyze", "verify", "--man=no", f)
		if out, err := verify.CombinedOutput(); err != nil || strings.Contains(string(out), filepath.Base(f)+":") {
			t.Errorf("%s: %v\n%s", files[i], err, out)
		}
	}
	// A unit that is wrong is found.
	bad := filepath.Join(units, "bad.service")
	try(t, os.WriteFile(bad, []byte("[Service]\nExecStart=/nonexistent/program\nNoSuchThing=yes\n"), 0o644))
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", bad).CombinedOutput(); err == nil && !strings.Contains(string(out), "NoSuchThing") {
		t.Errorf("a wrong unit passes, so this proves nothing: %s", out)
	}
}

// TestUnitsHoldIn: what a unit takes from the account that acts, and what it must
// leave: root's worker becomes another account, the erasure asks whether a time
// service keeps the clock, and a worker has namespaces of its own.
func TestUnitsHoldIn(t *testing.T) {
	for _, c := range []struct {
		unit  string
		o     unitOptions
		has   []string
		lacks []string
	}{
		{unitNames[0], unitOptions{User: "opj"}, []string{"CapabilityBoundingSet=\n", "IPAddressDeny=any\n", "RestrictNamespaces=user net\n", "\nRestrictSUIDSGID=yes\n"}, []string{"PrivateNetwork=yes"}},
		{unitNames[0], unitOptions{User: "opj", Shared: true}, nil, []string{"\nRestrictSUIDSGID="}},
		{unitNames[1], unitOptions{User: "opj", Shared: true}, nil, []string{"\nRestrictSUIDSGID="}},
		{unitNames[0], unitOptions{User: "root", Spool: "/spool"}, []string{"CapabilityBoundingSet=~CAP_SYS_TIME", "StartLimitIntervalSec=0\n"}, []string{"IPAddressDeny", "CapabilityBoundingSet=\n", "CAP_SETUID", "CAP_DAC", "\nRestrictSUIDSGID="}},
		{unitNames[0], unitOptions{User: "opj", Mail: true}, nil, []string{"IPAddressDeny"}},
		{unitNames[1], unitOptions{User: "opj"}, []string{"CapabilityBoundingSet=\n", "PrivateNetwork=yes\n"}, []string{"ProtectClock="}},
		{unitNames[1], unitOptions{User: "opj", Mail: true}, []string{"PrivateNetwork=no\n"}, []string{"ProtectClock="}},
		{workerUnit, unitOptions{User: "w", Spool: "/spool"}, []string{"CapabilityBoundingSet=\n", "RestrictNamespaces=user net\n"}, []string{"IPAddressDeny"}},
	} {
		b, err := unitText(c.unit, c.o)
		try(t, err)
		for _, line := range append(c.has, "SystemCallFilter=@system-service\n", "NoNewPrivileges=yes\n", "ProtectSystem=strict\n") {
			if !strings.Contains(string(b), line) {
				t.Errorf("%s for %+v lacks %q", c.unit, c.o, line)
			}
		}
		for _, line := range c.lacks {
			if strings.Contains(string(b), line) {
				t.Errorf("%s for %+v has %q", c.unit, c.o, line)
			}
		}
	}
}

// in are the paths of names in a folder.
func in(dir string, names ...string) (out []string) {
	for _, n := range names {
		out = append(out, filepath.Join(dir, n))
	}
	return out
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkUnit wants sections, and lines of Key=Value in them.
func checkUnit(t *testing.T, name, text string) {
	t.Helper()
	section, seen := "", []string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch key, _, ok := strings.Cut(line, "="); {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = line
			seen = append(seen, line)
		case !ok || section == "" || key == "" || strings.ContainsAny(key, " \t"):
			t.Errorf("%s: %q", name, line)
		}
	}
	want := []string{"[Unit]", "[Service]"}
	if strings.HasSuffix(name, ".timer") {
		want = []string{"[Unit]", "[Timer]"}
	}
	for _, s := range want {
		if !slices.Contains(seen, s) {
			t.Errorf("%s has no %s", name, s)
		}
	}
	if strings.Contains(text, "{{") {
		t.Errorf("%s is not filled in:\n%s", name, text)
	}
}
