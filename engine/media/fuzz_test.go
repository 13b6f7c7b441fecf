package media

import (
	"encoding/json"
	"strings"
	"testing"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// FuzzMeta: whatever ffprobe says of a hostile file, it is refused, or what is
// taken of it lies within what can be decoded and counted.
func FuzzMeta(f *testing.F) {
	f.Add([]byte(`{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":640,"height":360,"time_base":"1/12800",` +
		`"r_frame_rate":"25/1","avg_frame_rate":"25/1","duration_ts":51200,"sample_aspect_ratio":"4:3","disposition":{"default":1},` +
		`"side_data_list":[{"rotation":-90}],"tags":{"DURATION":"00:00:04.000000000","creation_time":"2026-03-01T14:00:00Z"}}],` +
		`"format":{"format_name":"mov,mp4","duration":"4.0"}}`))
	const video = `"streams":[{"codec_type":"video","codec_name":"h264","width":64,"height":64,"time_base":"1/25","avg_frame_rate":"25/1"}],"format":{"format_name":"mpegts"}`
	for _, packets := range []string{
		`{"pts":0,"dts":0,"duration":1,"size":"9","pos":"0","flags":"K_"},{"pts":2,"dts":1,"flags":"__"},{"pts":1,"dts":2,"flags":"__"},{"pts":60,"dts":60,"flags":"K_"}`,
		`{"dts":5,"flags":"K_"},{"dts":6,"flags":"_D"},{"dts":7,"flags":"__C"}`,
		`{"pts":4503599627370496,"dts":1,"flags":"K_"},{"pts":-4503599627370496,"dts":2,"duration":9223372036854775807,"flags":"K_"}`,
	} {
		f.Add([]byte(`{"packets":[` + packets + `],` + video + `}`))
	}
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
		holdsTogether(t, &m, p, facts)
	})
}

// holdsTogether makes the plan of the packets and wants it to hold together, as the
// parent does.
func holdsTogether(t *testing.T, m *meta, p *wire.Probe, facts *streamFacts) {
	sc := newScan(p, facts, 1_000_000)
	err := m.each(sc.packet)
	if err == nil {
		err = sc.finish(p, &messages{})
	}
	if err != nil {
		if fault.KindOf(err) != fault.BadInput {
			t.Errorf("%v", err)
		}
		return
	}
	if len(p.Chunks) == 0 || p.DurationUS < 0 || p.FrameUS < 0 || !validTimeBase(p.TimeBase) {
		t.Fatalf("%+v", p)
	}
	us, pts := int64(0), p.Chunks[0].StartPTS
	for i, c := range p.Chunks {
		if c.Index != i || c.StartUS != us || c.EndUS < us || c.StartPTS != pts || c.EndPTS < pts || c.LeadPTS > pts || c.Packets < 0 {
			t.Fatalf("chunk %d: %+v", i, p.Chunks)
		}
		us, pts = c.EndUS, c.EndPTS
	}
	if us != p.DurationUS {
		t.Fatalf("the chunks end at %d µs of %d: %+v", us, p.DurationUS, p)
	}
	for _, g := range p.Gaps {
		if g.FromUS < 0 || g.ToUS < g.FromUS {
			t.Fatalf("a gap: %+v", g)
		}
	}
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
