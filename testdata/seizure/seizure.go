// Package seizure makes folders like those that are seized: recorders' exports
// in sequences, a telephone's memory, duplicates, archives, disk images,
// damaged files, and files that are not what they are called. What each is
// meant to be is said in [Truth].
package seizure

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Truth is what is in the tree, by path relative to it.
type Truth struct {
	Analyse    []string          // to be analysed, each once
	Duplicates map[string]string // path to the path of the first
	LeftOut    map[string]string // path to the kind it should be given
}

// Begin is when the first recording of each recorder begins, by its own clock.
var Begin = time.Date(2024, 3, 1, 14, 0, 0, 0, time.UTC)

// Clip is the length of one recorded file.
const Clip = 4 * time.Second

// maker makes one tree.
type maker struct {
	dir  string
	base map[string][]byte
	n    uint32
	t    *Truth
}

// Make fills dir, which must be empty. Each recorder has files consecutive
// files a channel, the fourth of which is missing. It needs ffmpeg.
func Make(dir string, files int) (*Truth, error) {
	m := &maker{dir: dir, base: map[string][]byte{}, t: &Truth{Duplicates: map[string]string{}, LeftOut: map[string]string{}}}
	for _, step := range []func(int) error{m.nvr, m.dahua, m.telephone, m.odd, m.duplicates, m.unreadable} {
		if err := step(files); err != nil {
			return nil, err
		}
	}
	return m.t, nil
}

// clip is a short recording of which no two are the same bytes: a box that
// readers pass over holds a count.
func (m *maker) clip(format, size string) ([]byte, error) {
	key := format + size
	if m.base[key] == nil {
		temp, err := os.CreateTemp("", "clip-*."+format)
		if err != nil {
			return nil, err
		}
		temp.Close()
		defer os.Remove(temp.Name())
		out, err := exec.Command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
			fmt.Sprintf("testsrc2=s=%s:r=5:d=%g", size, Clip.Seconds()), "-pix_fmt", "yuv420p", temp.Name()).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("ffmpeg: %w: %s", err, out)
		}
		if m.base[key], err = os.ReadFile(temp.Name()); err != nil {
			return nil, err
		}
	}
	m.n++
	b := bytes.Clone(m.base[key])
	switch format {
	case "mp4", "mov":
		b = binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 12, 'f', 'r', 'e', 'e'), m.n)
	case "mkv":
		b = binary.BigEndian.AppendUint32(append(b, 0xec, 0x84), m.n) // a Void element
	}
	return b, nil
}

func (m *maker) put(rel string, b []byte, modified time.Time) error {
	path := filepath.Join(m.dir, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, modified, modified)
}

func (m *maker) record(rel, size string, start time.Time) error {
	b, err := m.clip(strings.TrimPrefix(strings.ToLower(filepath.Ext(rel)), "."), size)
	if err != nil {
		return err
	}
	m.t.Analyse = append(m.t.Analyse, rel)
	return m.put(rel, b, start.Add(Clip))
}

// nvr is an export with channel and time in the names.
func (m *maker) nvr(files int) error {
	for ch := 1; ch <= 2; ch++ {
		for i := range files {
			if i == 3 {
				continue // a gap
			}
			start := Begin.Add(time.Duration(i) * Clip)
			if err := m.record(fmt.Sprintf("nvr/ch%02d_%s.mp4", ch, start.Format("20060102150405")), "160x120", start); err != nil {
				return err
			}
		}
	}
	return nil
}

// dahua is an export by days and hours; the second file overlaps the
// first, and leaves a hole before the third.
func (m *maker) dahua(files int) error {
	for i := range files {
		start := Begin.Add(time.Duration(i) * Clip)
		if i == 1 {
			start = start.Add(-Clip * 3 / 4)
		}
		name := fmt.Sprintf("dvr/2024-03-01/003/dav/14/%s-%s[M][0@0][%d].mkv", start.Format("15.04.05"), start.Add(Clip).Format("15.04.05"), i)
		if err := m.record(name, "176x144", start); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) telephone(int) error {
	for _, name := range []string{"phone/DCIM/Camera/PXL_20240301_130000123.mp4", "phone/DCIM/Camera/PXL_20240301_150000456.mp4"} {
		if err := m.record(name, "120x160", Begin); err != nil {
			return err
		}
	}
	return m.put("phone/notes.txt", []byte("rien\n"), Begin)
}

// odd are files that are no recordings, or are not what they are called.
func (m *maker) odd(int) error {
	mbr := make([]byte, 4096)
	copy(mbr[446:], []byte{0x80, 0, 0, 0, 7, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0})
	mbr[510], mbr[511] = 0x55, 0xaa
	cut, err := m.clip("mp4", "160x120")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		rel, kind string
		b         []byte
	}{
		{"phone/backup.zip", "archive", []byte("PK\x03\x04\x14\x00")},
		{"phone/old.7z.mp4", "archive", []byte("7z\xbc\xaf\x27\x1c\x00\x04")},
		{"disk.dd", "disk-image", mbr},
		{"image.E01", "disk-image", []byte("EVF\x09\x0d\x0a\xff\x00\x01")},
		{"nvr/readme.mp4", "text", []byte("This is not a recording.\n")},
		{"nvr/empty.mp4", "empty", nil},
		{"nvr/player.exe", "program", []byte("MZ\x90\x00\x03\x00")},
		{"nvr/cut off.mp4", "video", cut[:len(cut)/3]},
		{"strange.bin", "other", []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"phone/notes.txt", "text", []byte("rien\n")},
		{"line\nbreak.log", "text", []byte("x\n")},
		{"caf\xe9.txt", "text", []byte("x\n")},
	} {
		if err := m.put(f.rel, f.b, Begin); err != nil {
			return err
		}
		m.t.LeftOut[f.rel] = f.kind
	}
	if err := os.Symlink(".", filepath.Join(m.dir, "loop")); err != nil {
		return err
	}
	m.t.LeftOut["loop"] = "link"
	if err := syscall.Mkfifo(filepath.Join(m.dir, "pipe"), 0o644); err != nil {
		return err
	}
	m.t.LeftOut["pipe"] = "special"
	return nil
}

func (m *maker) duplicates(int) error {
	first := m.t.Analyse[0]
	b, err := os.ReadFile(filepath.Join(m.dir, first))
	if err != nil {
		return err
	}
	for _, rel := range []string{"nvr/copy of the first.mp4", "zz backup/again.mp4"} {
		if err := m.put(rel, b, Begin); err != nil {
			return err
		}
		m.t.Duplicates[rel] = first
	}
	if err := os.Link(filepath.Join(m.dir, first), filepath.Join(m.dir, "zz backup/hard link.mp4")); err != nil {
		return err
	}
	m.t.Duplicates["zz backup/hard link.mp4"] = first
	return nil
}

// unreadable is a folder that nobody but root may enter.
func (m *maker) unreadable(int) error {
	dir := filepath.Join(m.dir, "locked")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := m.put("locked/inside.txt", []byte("x"), Begin); err != nil {
		return err
	}
	if os.Geteuid() == 0 { // who reads it all the same
		m.t.LeftOut["locked/inside.txt"] = "text"
		return nil
	}
	m.t.LeftOut["locked"] = "unreadable"
	return os.Chmod(dir, 0)
}
