package media

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	mp4 := readFile(t, baseMP4(t))
	png := readFile(t, gen(t, "still.png", append(lavfi("62x40", "1", "1"), "-frames:v", "1")...))
	sound := gen(t, "sound.mp4", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")
	wide := append([]byte(nil), png...)
	copy(wide[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // IHDR: 65536×65536
	for _, c := range []struct {
		name string
		path string
		kind fault.Kind
		word string
	}{
		{"zero bytes", writeFile(t, "zero.mp4", nil), fault.BadInput, "empty"},
		{"text", writeFile(t, "text.mp4", []byte(strings.Repeat("not a video\n", 400))), fault.BadInput, "not a video"},
		{"noise", writeFile(t, "noise.avi", []byte(strings.Repeat("\x93\x02\x00\xfe\x11q", 500))), fault.BadInput, "not a video"},
		{"sound only", sound, fault.BadInput, "sound only"},
		{"no moov", writeFile(t, "cut.mp4", mp4[:len(mp4)-3000]), fault.BadInput, "moov"},
		{"no such file", filepath.Join(t.TempDir(), "none.mp4"), fault.BadInput, "no such file"},
		{"folder", t.TempDir(), fault.Refused, "folder"},
		{"device", "/dev/null", fault.Refused, "device"},
		{"http", "http://127.0.0.1/x.mp4", fault.Refused, "address"},
		{"rtsp", "rtsp://camera/1", fault.Refused, "address"},
		{"concat", "concat:a.mp4|b.mp4", fault.Refused, "address"},
		{"playlist", writeFile(t, "list.mp4", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")), fault.BadInput, "playlist"},
		{"concat script", writeFile(t, "script.mp4", []byte("ffconcat version 1.0\nfile /etc/hostname\n")), fault.BadInput, "playlist"},
		{"huge picture", writeFile(t, "huge.png", wide), fault.BadInput, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Probe(context.Background(), c.path, 1e6)
			wantFault(t, err, c.kind, c.path, c.word)
		})
	}
}

func TestRefusalNamesItsRule(t *testing.T) {
	_, err := Probe(context.Background(), "rtsp://camera/1", 1e6)
	if f, ok := err.(*fault.Error); !ok || f.Rule != "1" {
		t.Errorf("%#v", err)
	}
}

func TestUnreadableFile(t *testing.T) {
	path := writeFile(t, "locked.mp4", []byte("x"))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		// Permissions do not bind root: check the words instead.
		wantFault(t, openError(path, os.ErrPermission), fault.BadInput, path, "may not be read")
		return
	}
	_, err := Probe(context.Background(), path, 1e6)
	wantFault(t, err, fault.BadInput, path, "may not be read")
}

func TestFileThatChanged(t *testing.T) {
	path := writeFile(t, "a.mp4", readFile(t, baseMP4(t)))
	p := probe(t, path, time.Second)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("more")
	f.Close()
	_, err = Open(context.Background(), path, p, whole())
	wantFault(t, err, fault.Integrity, path, "changed")
}

func TestOddPictures(t *testing.T) {
	t.Parallel()
	odd := func() string {
		return gen(t, "odd.mp4", append(lavfi("64x42", "10", "1"), "-vf", "format=yuv444p,crop=63:41", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")...)
	}
	rotated := gen(t, "rot.mp4", "-i", baseMP4(t), "-c", "copy", "-metadata:s:v", "rotate=90")
	cover := gen(t, "cover.mp4", "-i", gen(t, "still.png", append(lavfi("62x40", "1", "1"), "-frames:v", "1")...),
		"-i", baseMP4(t), "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic")
	for _, c := range []struct {
		name, path    string
		w, h, rot     int
		packets, full int64
	}{
		{"1×1", gen(t, "1x1.avi", append(lavfi("16x16", "10", "1"), "-vf", "format=yuv444p,crop=1:1", "-c:v", "ffv1")...), 1, 1, 0, 10, 2},
		{"odd sizes", odd(), 63, 41, 0, 10, 2},
		{"rotated", rotated, 108, 192, 270, 75, 6},
		{"cover picture", cover, 192, 108, 0, 75, 6},
		{"wrong extension", writeFile(t, "video.jpg", readFile(t, formats(t)["mkv"])), 192, 108, 0, 75, 6},
		{"percent in the name", writeFile(t, "%03d.mp4", readFile(t, baseMP4(t))), 192, 108, 0, 75, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := probe(t, c.path, time.Second)
			if p.Width != c.w || p.Height != c.h || p.Packets != c.packets || p.Rotation != c.rot {
				t.Errorf("%d×%d rotation %d, %d packets", p.Width, p.Height, p.Rotation, p.Packets)
			}
			o := whole()
			o.FullUS = 500_000
			g, rep := decode(t, c.path, p, o)
			n := int64(0)
			for _, x := range g {
				if x.full != 0 {
					n++
				}
			}
			if rep.Frames != c.packets || n != c.full {
				t.Errorf("%d pictures, %d at full size", rep.Frames, n)
			}
		})
	}
}

// TestOblongPixelsAreTold: who reads sizes and headings must know of them.
func TestOblongPixelsAreTold(t *testing.T) {
	for sar, want := range map[string]bool{"4/3": true, "16/15": true, "1": false} {
		path := gen(t, strings.ReplaceAll(sar, "/", "-")+".mp4", append(lavfi("64x48", "10", "1"), "-vf", "setsar="+sar, "-c:v", "libx264", "-preset", "ultrafast")...)
		p := probe(t, path, time.Second)
		if told := strings.Contains(strings.Join(p.Warnings, "|"), "not square"); told != want {
			t.Errorf("pixels of %s: warnings %q", sar, p.Warnings)
		}
	}
}

func TestStills(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		gen(t, "still.png", append(lavfi("62x40", "1", "1"), "-frames:v", "1")...),
		gen(t, "still.jpg", append(lavfi("62x40", "1", "1"), "-frames:v", "1", "-pix_fmt", "yuvj420p")...),
	} {
		p := probe(t, path, time.Second)
		if !p.Still || p.Packets != 1 || len(p.Chunks) != 1 || p.Width != 62 || p.DurationUS != 0 || p.Seekable {
			t.Errorf("%+v", p)
		}
		o := whole()
		o.FullUS = 200_000
		if g, rep := decode(t, path, p, o); len(g) != 1 || g[0].full == 0 || g[0].pts != 0 || rep.Errors != 0 {
			t.Errorf("%+v %+v", g, rep)
		}
	}
}

// White and black are 235 and 16 at full size, whatever the file's range.
func TestFullSizePicturesAreLimitedRange(t *testing.T) {
	t.Parallel()
	for format, codec := range map[string]string{"yuvj420p": "mjpeg", "yuv420p": "mpeg4"} {
		for colour, want := range map[string]byte{"white": 235, "black": 16} {
			path := gen(t, format+colour+".avi", "-f", "lavfi", "-i", "color="+colour+":s=64x48:r=5:d=1,format="+format, "-c:v", codec, "-q:v", "2")
			o := whole()
			o.FullUS, o.FullW, o.FullH = 200_000, 64, 48
			d, err := Open(context.Background(), path, probe(t, path, time.Second), o)
			if err != nil {
				t.Fatal(err)
			}
			f, err := d.Next()
			if err != nil || f.Full == nil {
				t.Fatalf("%s: no full-size picture: %v", path, err)
			}
			if got := f.Full.Y.Row(24)[32]; got != want {
				t.Errorf("%s %s: luma %d, want %d", format, colour, got, want)
			}
			f.Release()
			d.Close()
		}
	}
}

// jumping glues two recordings whose timestamps overlap.
func jumping(t *testing.T) string {
	b := readFile(t, formats(t)["ts"])
	return writeFile(t, "jump.ts", append(append([]byte(nil), b...), b...))
}

func TestTimestampsThatJumpBack(t *testing.T) {
	t.Parallel()
	path := jumping(t)
	p := probe(t, path, time.Second)
	if p.Seekable || len(p.Warnings) == 0 || !strings.Contains(strings.Join(p.Warnings, "|"), "jump back 1 time") {
		t.Errorf("Seekable %v, warnings %q", p.Seekable, p.Warnings)
	}
	if p.Packets != 150 || p.DurationUS != 6_000_000 {
		t.Errorf("%d packets, %d µs", p.Packets, p.DurationUS)
	}
	g, _ := decode(t, path, p, whole())
	pts := ptsOf(g)
	for i, c := range p.Chunks {
		n := int64(0)
		for _, x := range pts {
			if x >= c.StartPTS && x < c.EndPTS {
				n++
			}
		}
		if n != c.Packets {
			t.Errorf("chunk %d: %d pictures of %d packets", i, n, c.Packets)
		}
	}
	for i := 1; i < len(pts); i++ {
		if d := pts[i] - pts[i-1]; d != 3600 {
			t.Fatalf("picture %d comes %d ticks after the one before", i, d)
		}
	}
}

func TestSizeThatChangesMidway(t *testing.T) {
	t.Parallel()
	small := gen(t, "small.ts", append(lavfi("96x64", "25", "1"), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
		"-output_ts_offset", "4")...)
	path := writeFile(t, "resized.ts", append(readFile(t, formats(t)["ts"]), readFile(t, small)...))
	p := probe(t, path, time.Second)
	o := whole()
	o.FullUS = 500_000
	g, rep := decode(t, path, p, o)
	if len(g) != 100 || p.Packets != 100 || p.Width != 192 || g[99].pts-g[75].pts != 24*3600 {
		t.Errorf("%d pictures of %d packets, %+v", len(g), p.Packets, rep)
	}
}

func TestMissingIndex(t *testing.T) {
	t.Parallel()
	b := readFile(t, formats(t)["sp avi"])
	i := strings.LastIndex(string(b), "idx1")
	path := writeFile(t, "noidx.avi", b[:i])
	p := probe(t, path, time.Second)
	g, rep := decode(t, path, p, whole())
	if len(g) != 75 || rep.Errors != 0 {
		t.Errorf("%d pictures, %+v", len(g), rep)
	}
	last := p.Chunks[len(p.Chunks)-1]
	o := whole()
	o.FromPTS = last.StartPTS
	if g, _ := decode(t, path, p, o); int64(len(g)) != last.Packets || g[0].pts != last.StartPTS {
		t.Errorf("last chunk: %d pictures of %d", len(g), last.Packets)
	}
}

func TestTruncatedFile(t *testing.T) {
	t.Parallel()
	fast := gen(t, "fast.mp4", "-i", baseMP4(t), "-c", "copy", "-movflags", "+faststart")
	b := readFile(t, fast)
	path := writeFile(t, "short.mp4", b[:len(b)/2])
	p := probe(t, path, time.Second)
	if len(p.Gaps) == 0 {
		t.Fatalf("no gap told of: %+v", p)
	}
	tail := p.Gaps[len(p.Gaps)-1]
	if tail.Kind != scene.Damaged || tail.ToUS != 3_000_000 || tail.FromUS != p.DurationUS || p.DurationUS > 1_900_000 {
		t.Errorf("DurationUS %d, gaps %+v", p.DurationUS, p.Gaps)
	}
	if !strings.Contains(strings.Join(p.Warnings, "|"), "cut short") {
		t.Errorf("warnings %q", p.Warnings)
	}
	cov, n := chunkCoverage(t, path)
	for _, c := range cov {
		if c.Kind != scene.Damaged || c.FromUS < 1_000_000 {
			t.Errorf("coverage %+v", cov)
		}
	}
	if n < p.Packets-2 {
		t.Errorf("%d pictures of %d packets", n, p.Packets)
	}
}

// chunkCoverage decodes every chunk of a recording and gives the coverage
// of all, and the number of pictures.
func chunkCoverage(t *testing.T, path string) ([]scene.Coverage, int64) {
	t.Helper()
	p := probe(t, path, time.Second)
	var all []scene.Coverage
	total := int64(0)
	for _, c := range p.Chunks {
		o := whole()
		o.FromPTS, o.ToPTS = c.LeadPTS, c.EndPTS
		g, rep := decode(t, path, p, o)
		n := int64(0)
		for _, x := range g {
			if x.pts >= c.StartPTS {
				n++
			}
		}
		cov, err := Examine(path, p, 0).Coverage(context.Background(), c, n, rep)
		if err != nil {
			t.Fatal(err)
		}
		at := c.StartUS
		for _, s := range cov {
			if s.FromUS < at || s.ToUS <= s.FromUS || s.ToUS > c.EndUS || s.Reason == "" {
				t.Errorf("chunk %d [%d, %d): bad span %+v", c.Index, c.StartUS, c.EndUS, s)
			}
			at = s.ToUS
		}
		all = append(all, cov...)
		total += n
	}
	return all, total
}

func TestUndamagedHasNoDamage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mp4"} {
		if cov, n := chunkCoverage(t, formats(t)[name]); len(cov) != 0 || n != 75 {
			t.Errorf("%s: %d pictures, %+v", name, n, cov)
		}
	}
}

func TestDamagedGroupOfPictures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mp4", "ts", "h264"} {
		t.Run(name, func(t *testing.T) {
			path := formats(t)[name]
			p := probe(t, path, time.Second)
			at := packetPos(t, path, p.Format)
			from, to := at[30], at[42]
			b := readFile(t, path)
			switch name {
			case "ts": // whole packets lost
				from, to = from/188*188, to/188*188
				b = append(b[:from:from], b[to:]...)
			case "h264": // start codes too
				for i := from + 40; i < to; i++ {
					b[i] ^= byte(i*7 + 13)
				}
			default:
				for n := 30; n < 42; n++ { // the frames' headers stay
					for i := at[n] + 40; i < at[n+1]-20; i++ {
						b[i] ^= byte(i*7 + 13)
					}
				}
			}
			cov, n := chunkCoverage(t, writeFile(t, filepath.Base(path), b))
			if len(cov) == 0 {
				t.Fatalf("no damage found, %d pictures", n)
			}
			// The second that holds the damage is 1 s to 2 s.
			lo, hi := int64(math.MaxInt64), int64(0)
			for _, c := range cov {
				if c.Kind != scene.Damaged {
					t.Errorf("%+v", c)
				}
				lo, hi = min(lo, c.FromUS), max(hi, c.ToUS)
			}
			if lo < 900_000 || lo > 1_300_000 || hi < map[string]int64{"h264": 1_500_000}[name] || name != "h264" && hi < 1_900_000 || hi > 2_100_000 {
				t.Errorf("damage from %d to %d: %+v", lo, hi, cov)
			}
		})
	}
}
