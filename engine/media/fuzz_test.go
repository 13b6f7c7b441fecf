package media

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzMeta: whatever ffprobe says of a hostile file, it is refused, or what is
// taken of it lies within what can be decoded and counted.
func FuzzMeta(f *testing.F) {
	f.Add([]byte(`{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":640,"height":360,"time_base":"1/12800",` +
		`"r_frame_rate":"25/1","avg_frame_rate":"25/1","duration_ts":51200,"sample_aspect_ratio":"4:3","disposition":{"default":1},` +
		`"side_data_list":[{"rotation":-90}],"tags":{"DURATION":"00:00:04.000000000","creation_time":"2026-03-01T14:00:00Z"}}],` +
		`"format":{"format_name":"mov,mp4","duration":"4.0"}}`))
	f.Add([]byte(`{"streams":[{"codec_type":"audio"}]}`))
	f.Add([]byte(`{"streams":[{"codec_type":"video","codec_name":"vp8","width":16,"height":16,"time_base":"1/1000","tags":{"DURATION":"00:00:inf"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m meta
		if json.Unmarshal(b, &m) != nil {
			return
		}
		p, facts, err := m.probe("film.mp4")
		if err != nil {
			return
		}
		if p.Width < 1 || p.Height < 1 || p.Width*p.Height > maxPixels || !validTimeBase(p.TimeBase) {
			t.Errorf("%d×%d in units of %v", p.Width, p.Height, p.TimeBase)
		}
		if facts.promisedUS < 0 || facts.promisedUS > maxPromisedUS {
			t.Errorf("%d µs are promised", facts.promisedUS)
		}
		if p.Rotation%90 != 0 || p.Rotation < 0 || p.Rotation >= 360 {
			t.Errorf("turned by %d", p.Rotation)
		}
	})
}

// FuzzMessages: FFmpeg's words about a hostile file are cut, never grown.
func FuzzMessages(f *testing.F) {
	f.Add("[Parsed_showinfo_0 @ 0x55] n:   0 pts:  512 pts_time:0.04 key:1")
	f.Add("[mov,mp4 @ 0x1] film.mp4: Invalid data found when processing input")
	f.Fuzz(func(t *testing.T, line string) {
		if _, _, ok := parseShowinfo(line); ok && !strings.Contains(line, " pts:") {
			t.Errorf("%q tells a picture", line)
		}
		if got := cleanMessage(line, "/evidence/film.mp4"); line != "" && !strings.Contains(line, got) && got != "nothing" {
			t.Errorf("%q became %q", line, got)
		}
		if got := stripPrefix(line); !strings.HasSuffix(line, got) {
			t.Errorf("%q became %q", line, got)
		}
	})
}
