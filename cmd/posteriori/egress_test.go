package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// netEnv turns the test binary into one of the two helpers below.
const netEnv = "POSTERIORI_TEST_NET"

// netHelper is the test binary as the program that counts packets, or as the
// one that sends some. It is run by TestMain.
func netHelper(what string) int {
	err := error(nil)
	switch what {
	case "count":
		err = countPackets(os.Args[1:])
	case "plant":
		plant()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// plant tries to reach the world in the ways that a program could.
func plant() {
	for _, to := range [][2]string{{"udp", "192.0.2.7:53"}, {"tcp", "198.51.100.7:443"}, {"tcp", "127.0.0.1:9"}, {"udp6", "[2001:db8::7]:53"}} {
		c, err := net.DialTimeout(to[0], to[1], 200*time.Millisecond)
		if err == nil {
			_, _ = c.Write([]byte("x"))
			c.Close()
		}
	}
}

// counts are what the kernel counted in a network namespace.
type counts map[string]int64

// countPackets opens this namespace as far as it goes, so that every packet that
// any program tries to send is counted: loopback is up, holds an address and
// gets all routes. It runs a command and prints what was counted meanwhile.
func countPackets(args []string) error {
	if err := openLoopback(); err != nil {
		return err
	}
	before, err := readCounts()
	if err != nil {
		return err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, netEnv+"=count") })
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	rerr := cmd.Run()
	after, err := readCounts()
	if err != nil {
		return err
	}
	for k := range after {
		if after[k] -= before[k]; after[k] == 0 {
			delete(after, k)
		}
	}
	b, err := json.Marshal(after)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", b)
	if rerr != nil {
		return fmt.Errorf("%w\n%s", rerr, out.String())
	}
	return nil
}

// rtentry is struct rtentry of <net/route.h> on 64-bit systems.
type rtentry struct {
	_            uintptr
	dst, gw, net unix.RawSockaddrInet4
	flags        uint16
	_            int16
	_, _         uintptr
	metric       int16
	dev          *byte
	_, _         uintptr
	_            uint16
}

// openLoopback puts the namespace's loopback up and routes everything there.
func openLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request := func(name string, code uint, set func(*unix.Ifreq)) error {
		r, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		set(r)
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), uintptr(code), uintptr(unsafe.Pointer(r))); e != 0 {
			return fmt.Errorf("ioctl %#x on %s: %w", code, name, e)
		}
		return nil
	}
	if err := request("lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOOPBACK) }); err != nil {
		return err
	}
	if err := request("lo:1", unix.SIOCSIFADDR, func(r *unix.Ifreq) { _ = r.SetInet4Addr([]byte{203, 0, 113, 1}) }); err != nil {
		return err
	}
	dev := append([]byte("lo"), 0)
	route := rtentry{dst: unix.RawSockaddrInet4{Family: unix.AF_INET}, flags: unix.RTF_UP, dev: &dev[0]}
	route.gw.Family, route.net.Family = unix.AF_INET, unix.AF_INET
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), unix.SIOCADDRT, uintptr(unsafe.Pointer(&route))); e != 0 {
		return fmt.Errorf("the default route: %w", e)
	}
	return nil
}

// readCounts reads the interfaces' packets, and what the protocols sent or could
// not send for want of a route.
func readCounts() (counts, error) {
	out := counts{}
	dev, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(dev)) {
		name, numbers, ok := strings.Cut(line, ":")
		if f := strings.Fields(numbers); ok && len(f) == 16 {
			out[strings.TrimSpace(name)+" sent"], _ = strconv.ParseInt(f[9], 10, 64)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no interface is counted")
	}
	snmp, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(snmp), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for k := 1; k < len(names) && k < len(values); k++ {
			if slices.Contains([]string{"OutRequests", "OutNoRoutes", "OutDatagrams", "ActiveOpens"}, names[k]) {
				out[names[0]+names[k]], _ = strconv.ParseInt(values[k], 10, 64)
			}
		}
	}
	if v6, err := os.ReadFile("/proc/self/net/snmp6"); err == nil { // not every system has IPv6
		for line := range strings.Lines(string(v6)) {
			f := strings.Fields(line)
			if len(f) == 2 && slices.Contains([]string{"Ip6OutRequests", "Ip6OutNoRoutes", "Udp6OutDatagrams"}, f[0]) {
				out[f[0]], _ = strconv.ParseInt(f[1], 10, 64)
			}
		}
	}
	return out, nil
}

// counted runs a command in a network namespace that counts, and tells what.
func counted(t *testing.T, env []string, args ...string) counts {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(env, netEnv+"=count")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("no network namespace can be made here: %v", err)
	}
	var got counts
	if jerr := json.Unmarshal(out.Bytes(), &got); err != nil || jerr != nil {
		t.Fatalf("%v, %v\n%s\n%s", err, jerr, out.String(), errs.String())
	}
	return got
}

// TestNoNetworkEgress runs the way from an empty store to a closed procedure in
// a network namespace where every packet would find a way and be counted: none
// is. A program that sends some is caught.
func TestNoNetworkEgress(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	caught := counted(t, os.Environ(), "/usr/bin/env", netEnv+"=plant", exe)
	if caught["lo sent"] == 0 || caught["Udp:OutDatagrams"] == 0 || caught["Tcp:ActiveOpens"] == 0 {
		t.Fatalf("a program that sends is not caught, so this proves nothing: %v", caught)
	}

	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	dir := t.TempDir()
	link := filepath.Join(dir, "posteriori")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	const script = `set -e
cd "$DIR"
$P doctor > doctor.txt || true
$P init --demo
$P procedure open E2E --frame flagrance --offence vol --imprisonment --service S --parquet 1
$P import --exhibit 1 --basis seizure --camera C "$CLIP"
$P analyse --detector none
$P query --format json > query.json
$P hit validate 1:1
$P synopsis -o synopsis.mp4
$P export clip --track 1:1 -o clip.mp4
$P evidence check
$P report -o report.pdf
$P compliance biometrics > biometrics.txt
$P compliance dossier -o dossier.pdf
$P journal export -p E2E -o journal
$P procedure close E2E -o closed
$P journal verify -p E2E
`
	env := append(p.env, "P="+link, "DIR="+dir, "CLIP="+clip, "POSTERIORI_STORE="+filepath.Join(dir, "store"))
	if got := counted(t, env, "/bin/sh", "-c", script); len(got) != 0 {
		t.Errorf("something was sent: %v", got)
	}
	for _, name := range []string{"query.json", "synopsis.mp4", "report.pdf", "clip.mp4", "closed"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
