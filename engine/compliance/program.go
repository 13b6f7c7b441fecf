package compliance

import (
	"debug/buildinfo"
	"debug/elf"
	"debug/gosym"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"posteriori/engine/fault"
)

// forbiddenSymbol are the names by which code for faces, cascades, people
// detectors, recognition or a second neural network runtime would show, in
// symbols and in names of libraries.
var forbiddenSymbol = regexp.MustCompile(`(?i)cascade_?classifier|hogdescriptor|objdetect|cv3dnn|` +
	`opencv_?(dnn|face|objdetect|xobjdetect|contrib|tracking|ml|video|bioinspired)|qrcode|` +
	`face_?(detect|recogni|mark|net|mesh|embed|box|_align)|(eigen|fisher|lbph)_?face|arcface|insightface|retinaface|mtcnn|` +
	`(person|pedestrian|human)_?(re_?id|attribut|recogni)|[._]reid\b|gait_?(recogni|feature)|openpose|landmark_?(detect|106|68)|` +
	`(^|[^a-z]|lib)dlib|libtorch|tensorflow|voice_?(print|recogni)|speaker_?recogni`)

// openCV are the modules that may be linked, each without such code.
var openCV = []string{"core", "imgcodecs", "imgproc"}

// fewest is how many names a program's tables must hold for their silence to
// prove anything.
const fewest = 1000

// Program is one built program.
type Program struct {
	Path      string   `json:"path"`
	Needs     []string `json:"needs"`     // libraries that it links (ELF DT_NEEDED)
	Reaches   []string `json:"reaches"`   // libraries that those link, at any depth
	Names     int      `json:"names"`     // symbols and functions read
	Forbidden []string `json:"forbidden"` // those that must not be there
	Modules   []Module `json:"modules"`   // Go modules built in
	Go        string   `json:"go"`
}

// Module is one Go module in a program.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"` // go.sum's hash
}

// ReadProgram reads a built program: its ELF tables, the table of functions
// that every Go program keeps even when its symbols are stripped, and its list
// of modules. A file that is none is fault.BadInput.
func ReadProgram(path string) (Program, error) {
	p := Program{Path: path, Needs: []string{}, Reaches: []string{}, Forbidden: []string{}}
	bad := func(err error) (Program, error) {
		return p, fault.Wrap(fault.BadInput, err, "the program cannot be read").OnFile(path)
	}
	f, err := elf.Open(path)
	if err != nil {
		return bad(err)
	}
	defer f.Close()
	if p.Needs, err = f.ImportedLibraries(); err != nil {
		return bad(err)
	}
	p.Reaches = reaches(p.Needs)
	names, err := namesIn(f)
	if err != nil {
		return bad(err)
	}
	p.Names = len(names)
	for _, n := range names {
		if forbiddenSymbol.MatchString(n) {
			p.Forbidden = append(p.Forbidden, n)
		}
	}
	slices.Sort(p.Forbidden)
	p.Forbidden = slices.Compact(p.Forbidden)
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return bad(err)
	}
	p.Go = info.GoVersion
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		p.Modules = append(p.Modules, Module{m.Path, m.Version, m.Sum})
	}
	return p, nil
}

// namesIn reads the names of symbols, where they were not stripped, of what is
// taken from libraries, and of Go functions.
func namesIn(f *elf.File) ([]string, error) {
	var names []string
	for _, table := range []func() ([]elf.Symbol, error){f.Symbols, f.DynamicSymbols} {
		syms, err := table()
		if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
			return nil, err
		}
		for _, s := range syms {
			names = append(names, s.Name)
		}
	}
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab"} {
		sec, text := f.Section(name), f.Section(".text")
		if sec == nil || text == nil {
			continue
		}
		data, err := sec.Data()
		if err != nil {
			return nil, err
		}
		tab, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
		if err != nil {
			return nil, err
		}
		for _, fn := range tab.Funcs {
			names = append(names, fn.Name)
		}
	}
	return names, nil
}

// libraryFolders are where the loader looks (ld.so(8)), without its cache.
func libraryFolders() []string {
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	confs, _ := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	for _, c := range confs {
		b, err := os.ReadFile(c)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); filepath.IsAbs(line) {
				dirs = append(dirs, line)
			}
		}
	}
	return append(dirs, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
}

// reaches lists the libraries that these link, at any depth, as far as they
// are installed here.
func reaches(needs []string) []string {
	seen := map[string]bool{}
	todo := slices.Clone(needs)
	dirs := libraryFolders()
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, d := range dirs {
			f, err := elf.Open(filepath.Join(d, name))
			if err != nil {
				continue
			}
			more, err := f.ImportedLibraries()
			f.Close()
			if err == nil {
				todo = append(todo, more...)
			}
			break
		}
	}
	var out []string
	for n := range seen {
		if !slices.Contains(needs, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

var openCVName = regexp.MustCompile(`^libopencv_([a-z0-9]+)\.`)

// libraryIsWrong says why a library must not be linked, or "".
func libraryIsWrong(name string) (why Text, wrong bool) {
	if m := openCVName.FindStringSubmatch(name); m != nil && !slices.Contains(openCV, m[1]) {
		return say("OpenCV's %s is not one of %s", "le module %s d’OpenCV n’est pas l’un de %s", m[1], strings.Join(openCV, ", ")), true
	}
	if forbiddenSymbol.MatchString(name) {
		return say("its name speaks of recognition", "son nom évoque la reconnaissance"), true
	}
	return Text{}, false
}

func (p Program) checkLibraries() Check {
	base := filepath.Base(p.Path)
	var wrong []Text
	for _, l := range slices.Concat(p.Needs, p.Reaches) {
		if why, bad := libraryIsWrong(l); bad {
			wrong = append(wrong, say("%s links %s: %s", "%s est lié à %s : %s", base, l, why))
		}
	}
	fact := say("%s links none", "%s n’est lié à aucune bibliothèque", base)
	if len(p.Needs) > 0 {
		fact = say("%s links %s; those reach %d more", "%s est lié à %s ; celles-ci en appellent %d autres", base, strings.Join(p.Needs, ", "), len(p.Reaches))
	}
	return check("", Text{}, wrong, []Text{fact})
}

func (p Program) checkSymbols() Check {
	base := filepath.Base(p.Path)
	var wrong []Text
	for _, s := range p.Forbidden {
		wrong = append(wrong, say("%s has %s", "%s contient %s", base, s))
	}
	if p.Names < fewest {
		wrong = append(wrong, say("%s shows only %d names, which proves nothing", "%s ne montre que %d noms, ce qui ne prouve rien", base, p.Names))
	}
	return check("", Text{}, wrong, []Text{say("%s: %d symbols and functions read", "%s : %d symboles et fonctions lus", base, p.Names)})
}
