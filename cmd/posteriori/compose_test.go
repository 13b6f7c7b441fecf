package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// accepts sees that a command line names a command that there is and only flags
// and as many arguments as it takes.
func accepts(t *testing.T, args []string) {
	t.Helper()
	root := newApp(nil, nil, nil).root()
	c, rest, err := root.Find(args)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil && !c.Runnable() {
		t.Errorf("%q is no command to run", args)
		return
	}
	if err == nil && c.Args != nil {
		err = c.Args(c, c.Flags().Args())
	}
	if err != nil {
		t.Errorf("posteriori %s: %v", strings.Join(args, " "), err)
	}
}

// TestReadmeOfMachines: README's commands for many machines, which it cannot
// run for itself, are commands with flags that there are.
func TestReadmeOfMachines(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, line := range regexp.MustCompile(`(?m)^(?:worker)?\$ posteriori (.*(?:--queue|--spool).*)$`).FindAllStringSubmatch(string(text), -1) {
		accepts(t, shellWords(t, "posteriori "+line[1]))
		n++
	}
	if n < 4 {
		t.Errorf("README has %d commands for many machines", n)
	}
}

// composeFile is what the test looks at of .ci/compose.yaml.
type composeFile struct {
	Name     string
	Services map[string]struct {
		Image string
		Build *struct {
			Context    string
			Dockerfile string
		}
		Command     []string
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		Networks    []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck *struct{ Test []string }
	}
	Networks map[string]struct{ Internal bool }
	Volumes  map[string]any
	Secrets  map[string]struct{ File string }
}

// TestCompose: the Compose file is YAML whose parts fit together, its commands
// and their flags are there, workers see no store, and nothing has a way out.
func TestCompose(t *testing.T) {
	path, err := filepath.Abs(filepath.Join("..", "..", ".ci", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f composeFile
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"database", "worker", "coordinator"} {
		if _, ok := f.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	for name, s := range f.Services {
		for _, n := range s.Networks {
			if net, ok := f.Networks[n]; !ok || !net.Internal {
				t.Errorf("%s: network %s is not there, or has a way out", name, n)
			}
		}
		for _, x := range s.Secrets {
			if f.Secrets[x].File == "" {
				t.Errorf("%s: no secret %s", name, x)
			}
		}
		for d, c := range s.DependsOn {
			if on, ok := f.Services[d]; !ok || c.Condition == "service_healthy" && on.Healthcheck == nil {
				t.Errorf("%s: depends on %s, which is not there or cannot be asked how it is", name, d)
			}
		}
		for k, v := range s.Environment {
			if strings.Contains(v, ":") && strings.Contains(k, "QUEUE") {
				o := queueOptions{queue: v}
				if err := o.check(); err != nil {
					t.Errorf("%s: %s=%s: %v", name, k, v, err)
				}
			}
		}
		if s.Build == nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Error(err)
		}
		accepts(t, s.Command)
		store := slices.ContainsFunc(s.Volumes, func(v string) bool { return strings.HasSuffix(v, ":/store") })
		if store != (name == "coordinator") {
			t.Errorf("%s: mounts a store: %v", name, store)
		}
		for _, v := range s.Volumes {
			if strings.Contains(v, ":/seized") && !strings.HasSuffix(v, ":ro") {
				t.Errorf("%s: may write to the recordings: %s", name, v)
			}
		}
	}
	// The lines at the head of the file, as a person types them.
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^#   docker compose .* coordinator (.*)$`).FindAllStringSubmatch(string(text), -1) {
		accepts(t, shellWords(t, "posteriori "+m[1]))
		n++
	}
	if n < 2 {
		t.Errorf("the head of the file has %d commands", n)
	}
	read := 0
	for _, tool := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.Command(tool[0], append(tool[1:], "version")...).Run() != nil {
			continue
		}
		read++
		cmd := exec.Command(tool[0], append(tool[1:], "-f", path, "config", "-q")...)
		cmd.Env = append(os.Environ(), "SEIZED=/s", "STORE=/t", "SPOOL=/p", "MODELS=/m", "MANIFEST=/x")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v config: %v\n%s", tool, err, out)
		}
	}
	if read == 0 {
		t.Log("Compose is not installed: the file was not read by Compose itself")
	}
	if f.Name != "" {
		t.Error("the file has a name, which Compose 1.29 does not take")
	}
}
