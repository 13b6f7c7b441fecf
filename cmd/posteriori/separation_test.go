package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestProceduresStayApart: the same clip in two procedures; what is asked in
// one shows nothing of the other, and no command takes two.
func TestProceduresStayApart(t *testing.T) {
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	store := p.store(clip, "5m")
	p.run(store, "analyse", "--detector", "none")
	alone := p.index(store)
	p.run(store, "procedure", "open", "OTHER", "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "S", "--parquet", "2")
	p.run(store, "-p", "OTHER", "import", "--exhibit", "OTHER-EXHIBIT", "--basis", "seizure", "--camera", "OTHER-CAMERA", clip)
	p.run(store, "-p", "OTHER", "analyse", "--detector", "none")
	if got := p.index(store); len(objects(t, got)) != len(objects(t, alone)) || strings.Contains(got, "OTHER") {
		t.Errorf("the second procedure shows in the first: %d objects, %d before", len(objects(t, got)), len(objects(t, alone)))
	}
	if other := p.run(store, "-p", "OTHER", "query", "--format", "json"); len(objects(t, other)) == 0 {
		t.Error("nothing was found in the second: this proves nothing")
	}
	for _, ids := range []string{"E2E,OTHER", "*", "E2E OTHER"} {
		if err := p.command(store, "-p", ids, "query").Run(); err == nil {
			t.Errorf("-p %q was taken", ids)
		}
	}
}

// TestNoNetworkEgress runs the way from an empty store to a synopsis in a
// network namespace without a network, where nothing may be sent at all: its
// only interface counts every packet, and stays down.
func TestNoNetworkEgress(t *testing.T) {
	unshare, err := exec.LookPath("unshare")
	if err != nil || exec.Command(unshare, "-rn", "true").Run() != nil {
		t.Skip("no network namespace can be made here (unshare -rn)")
	}
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "posteriori")
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	script := `set -e
$P init --demo
$P procedure open E2E --frame flagrance --offence vol --imprisonment --service S --parquet 1
$P import --exhibit 1 --basis seizure --camera C "$CLIP"
$P analyse --detector none
$P query --format json > "$DIR/query.json"
$P synopsis -o "$DIR/synopsis.mp4"
$P export clip -o "$DIR/clip.mkv" --from 0s --to 2s 1 || true
$P journal verify
echo COUNTERS
cat /proc/net/dev
cat /proc/net/tcp /proc/net/udp /proc/net/tcp6 /proc/net/udp6 | grep -v local_address | sed 's/^/SOCKET /'
`
	cmd := exec.Command(unshare, "-rn", "sh", "-c", script)
	cmd.Env = append(p.env, "P="+link, "DIR="+dir, "CLIP="+clip, "POSTERIORI_STORE="+filepath.Join(dir, "store"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	_, counters, ok := strings.Cut(out.String(), "COUNTERS")
	if !ok || strings.Contains(counters, "SOCKET") {
		t.Errorf("%s", counters)
	}
	interfaces := 0
	for line := range strings.Lines(counters) {
		name, numbers, ok := strings.Cut(line, ":")
		if !ok || strings.Contains(name, "|") {
			continue
		}
		interfaces++
		for _, n := range strings.Fields(numbers) {
			if n != "0" {
				t.Errorf("%s carried something: %s", strings.TrimSpace(name), numbers)
				break
			}
		}
	}
	if interfaces == 0 {
		t.Error("no interface was counted: this proves nothing")
	}
	for _, name := range []string{"query.json", "synopsis.mp4"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
