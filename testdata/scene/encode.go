package scene

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Encoding is how a clip is written. The zero value is H.264 as a recorder
// would make it.
type Encoding struct {
	CRF      int    // libx264's; 0: 26
	GOP      int    // frames between key frames; 0: 50
	Preset   string // libx264's; empty: veryfast
	Rotation int    // degrees clockwise that the player must turn the picture
	Codec    string // FFmpeg's encoder; empty: libx264
}

// Encode renders the clip into a file that FFmpeg's command can write, by its
// extension. Frames stand at their exact times, also with a changing rate.
func (s *Scene) Encode(ctx context.Context, file string, e Encoding) error {
	target := file
	if e.Rotation != 0 {
		target = filepath.Join(filepath.Dir(file), "upright-"+filepath.Base(file))
		defer os.Remove(target)
	}
	cmd := exec.CommandContext(ctx, "ffmpeg", s.arguments(target, e)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	writeErr := s.WriteRaw(in)
	in.Close()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, bytes.TrimSpace(complaints.Bytes()))
	}
	if writeErr != nil || e.Rotation == 0 {
		return writeErr
	}
	return turnTag(ctx, target, file, e.Rotation)
}

// WriteRaw writes every frame as rgb24.
func (s *Scene) WriteRaw(w io.Writer) error {
	r := s.NewRenderer()
	for i := range s.Frames() {
		if _, err := w.Write(r.Render(i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scene) arguments(file string, e Encoding) []string {
	or := func(v, d int) string {
		if v == 0 {
			v = d
		}
		return strconv.Itoa(v)
	}
	name := func(v, d string) string {
		if v == "" {
			return d
		}
		return v
	}
	filter := "settb=1/90000,setpts='" + s.ptsExpression() + "'"
	switch e.Rotation {
	case 90: // stored a quarter turn the other way
		filter += ",transpose=cclock"
	case 180:
		filter += ",hflip,vflip"
	case 270:
		filter += ",transpose=clock"
	}
	args := []string{"-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
		"-s", fmt.Sprintf("%dx%d", s.W, s.H), "-r", "25", "-i", "pipe:0",
		"-vf", filter, "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-c:v", name(e.Codec, "libx264"),
		"-pix_fmt", "yuv420p", "-g", or(e.GOP, 50), "-fflags", "+bitexact", "-flags:v", "+bitexact"}
	if e.Codec == "" || e.Codec == "libx264" {
		args = append(args, "-preset", name(e.Preset, "veryfast"), "-crf", or(e.CRF, 26))
	}
	if ext := filepath.Ext(file); ext == ".mp4" || ext == ".mov" {
		args = append(args, "-video_track_timescale", "90000")
	}
	return append(args, file)
}

// ptsExpression is FFmpeg's expression for the time of frame N in ticks of
// 1/90000 s, one span of even rate after another.
func (s *Scene) ptsExpression() string {
	var b strings.Builder
	from, first := 0.0, 0
	rates := s.rates()
	for i, r := range rates {
		n := int((r.UntilS-from)*r.PerSecond + .5)
		here := fmt.Sprintf("round(%.0f+(N-%d)*90000/%g)", from*90000, first, r.PerSecond)
		if i == len(rates)-1 {
			b.WriteString(here + strings.Repeat(")", i))
			break
		}
		fmt.Fprintf(&b, "if(lt(N,%d),%s,", first+n, here)
		from, first = r.UntilS, first+n
	}
	return b.String()
}

// turnTag copies a clip and marks it to be turned when shown.
func turnTag(ctx context.Context, from, to string, degrees int) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-y", "-i", from, "-c", "copy",
		"-metadata:s:v:0", fmt.Sprintf("rotate=%d", (360-degrees)%360), to)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, out)
	}
	return nil
}
