package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// growthMinutes are the lengths of the recordings that growthSuite analyses:
// each some times the one before, so that what grows with length shows.
var growthMinutes = []int{10, 30, 90}

// growthSuite measures time and memory against the length of a recording. The
// pictures are those of longClip, smaller, over and over: what happens in them
// is the same in every ten minutes, so that time should be in proportion and
// memory the same.
func growthSuite(ctx context.Context, e *env) ([]figure, error) {
	var out []figure
	var peaks, rates []float64
	for _, minutes := range growthMinutes {
		clip, err := loopedClip(ctx, e, minutes)
		if err != nil {
			return out, err
		}
		p, err := newProgram(ctx, e)
		if err != nil {
			return out, err
		}
		u, err := p.analyse(ctx, clip)
		p.Close()
		if err != nil {
			return out, err
		}
		e.note("  %d min: %.1f s, %.0f MB", minutes, u.Wall.Seconds(), float64(u.PeakRSS)/1e6)
		peaks = append(peaks, float64(u.PeakRSS)/1e6)
		rates = append(rates, u.CPU.Seconds()/float64(minutes))
		note := fmt.Sprintf("640×360, 25 fps, H.264; %.1f s, %.1f s of processor time", u.Wall.Seconds(), u.CPU.Seconds())
		out = append(out, figure{Name: fmt.Sprintf("peak memory, %d min", minutes), Value: peaks[len(peaks)-1], Unit: "MB",
			Reference: "800", Source: "goal of the project", Note: note})
	}
	first, last := 0, len(growthMinutes)-1
	times := growthMinutes[last] / growthMinutes[first]
	return append(out,
		figure{Name: fmt.Sprintf("memory, %d min over %d min", growthMinutes[last], growthMinutes[first]), Value: peaks[last] / peaks[first],
			Reference: "1", Source: "goal of the project", Note: fmt.Sprintf("%d times the length; all processes", times)},
		figure{Name: fmt.Sprintf("processor time per minute, %d min over %d min", growthMinutes[last], growthMinutes[first]), Value: rates[last] / rates[first],
			Reference: "1", Source: "goal of the project", Note: fmt.Sprintf("%.2f s a minute of footage at the end", rates[last])}), nil
}

// loopedClip is longClip at 640×360, repeated to so many minutes. It is built
// once; the packets are copied, so its times stay exact.
func loopedClip(ctx context.Context, e *env, minutes int) (string, error) {
	once := filepath.Join(e.out, "small-footage.mp4")
	if _, err := os.Stat(once); err != nil {
		long, _, err := longClip(ctx, e)
		if err != nil {
			return "", err
		}
		part := filepath.Join(e.out, "part-small-footage.mp4")
		if err := ffmpeg(ctx, "-i", long, "-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "50", part); err != nil {
			return "", err
		}
		if err := os.Rename(part, once); err != nil {
			return "", err
		}
	}
	file := filepath.Join(e.out, fmt.Sprintf("looped-%d.mp4", minutes))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	part := filepath.Join(e.out, fmt.Sprintf("part-looped-%d.mp4", minutes))
	if err := ffmpeg(ctx, "-stream_loop", fmt.Sprint(minutes*60/longSeconds), "-i", once,
		"-t", fmt.Sprint(minutes*60), "-c", "copy", part); err != nil {
		return "", err
	}
	return file, os.Rename(part, file)
}
