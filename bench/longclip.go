package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"posteriori/testdata/scene"
)

// longSeconds is the length of longClip.
const longSeconds = 600

// piece is a span of the source clip, forwards or backwards.
type piece struct {
	name     string
	from, to float64
	back     bool
}

// longClip is ten minutes of 1280×720 at 25 frames a second, built once. Of
// the car park clip its empty span is played to and fro, then the whole
// backwards, so that the slow drift of its camera never jumps: something moves
// in about a sixth of the time.
func longClip(ctx context.Context, e *env) (file, what string, err error) {
	source := filepath.Join(e.data, "footage", "person-bicycle-car-detection_38s.mp4")
	if _, err := os.Stat(source); err != nil {
		return renderedClip(ctx, e)
	}
	what = "17 % active"
	file = filepath.Join(e.out, "long-footage.mp4")
	if _, err := os.Stat(file); err == nil {
		return file, what, nil
	}
	e.note("  building %s (once)", file)
	pieces := []piece{
		{"a", 0, 24.1, false}, {"idle", 14.2, 24.1, false}, {"b", 24.1, 38.1, false},
		{"a-back", 0, 24.1, true}, {"idle-back", 14.2, 24.1, true}, {"b-back", 24.1, 38.1, true},
	}
	dir, err := os.MkdirTemp(e.out, "pieces-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	for _, p := range pieces {
		filter := fmt.Sprintf("trim=%g:%g,setpts=PTS-STARTPTS", p.from, p.to)
		if p.back {
			filter += ",reverse"
		}
		if err := ffmpeg(ctx, "-i", source, "-an", "-vf", filter, "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0",
			filepath.Join(dir, p.name+".mkv")); err != nil {
			return "", "", err
		}
	}
	idle := []string{"idle-back", "idle", "idle-back", "idle", "idle-back", "idle"}
	cycle := append(append(append([]string{"a"}, idle...), "b", "b-back"), append(idle, "a-back")...)
	var list string
	for range 4 {
		for _, name := range cycle {
			list += "file '" + filepath.Join(dir, name+".mkv") + "'\n"
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "list"), []byte(list), 0o644); err != nil {
		return "", "", err
	}
	part := filepath.Join(e.out, "part-long-footage.mp4")
	if err := ffmpeg(ctx, "-f", "concat", "-safe", "0", "-i", filepath.Join(dir, "list"), "-t", fmt.Sprint(longSeconds),
		"-vf", "fps=25,scale=1280:720:flags=bicubic", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "50", part); err != nil {
		return "", "", err
	}
	return file, what, os.Rename(part, file)
}

// renderedClip is the long clip where there is no footage.
func renderedClip(ctx context.Context, e *env) (file, what string, err error) {
	what = "rendered scene"
	file = filepath.Join(e.out, "long-rendered.mp4")
	if _, err := os.Stat(file); err == nil {
		return file, what, nil
	}
	e.note("  rendering %s (once)", file)
	s, err := scene.New("demo", 1280, 720, 1)
	if err != nil {
		return "", "", err
	}
	s.Seconds = longSeconds / 5
	once, part := filepath.Join(e.out, "once.mp4"), filepath.Join(e.out, "part-long-rendered.mp4")
	defer os.Remove(once)
	if err := s.Encode(ctx, once, scene.Encoding{CRF: 23}); err != nil {
		return "", "", err
	}
	if err := ffmpeg(ctx, "-stream_loop", "4", "-i", once, "-c", "copy", part); err != nil {
		return "", "", err
	}
	return file, what, os.Rename(part, file)
}

func ffmpeg(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, tail(string(out)))
	}
	return nil
}
