package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// meta is ffprobe's JSON, as far as it is used.
type meta struct {
	Streams []metaStream `json:"streams"`
	Format  struct {
		Name     string            `json:"format_name"`
		Duration string            `json:"duration"` // seconds; FFmpeg's estimate where the container has none
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
	// Packets are those of a small file with one stream, in its order; nil: they
	// are to be asked for apart.
	Packets []metaPacket `json:"packets"`
	msgs    *messages
}

// metaPacket is a packet in ffprobe's JSON, where what lacks is nil.
type metaPacket struct {
	PTS      *int64 `json:"pts"`
	DTS      *int64 `json:"dts"`
	Duration int64  `json:"duration"`
	Pos      string `json:"pos"`
	Size     string `json:"size"`
	Flags    string `json:"flags"`
}

// each walks the packets that came with the streams.
func (m *meta) each(do func(*packet) error) error {
	for _, k := range m.Packets {
		p := packet{pts: within(k.PTS), dts: within(k.DTS), duration: max(within(&k.Duration), 0), pos: max(parseTS(k.Pos), 0), size: max(parseTS(k.Size), 0)}
		p.flags(k.Flags)
		if err := do(&p); err != nil {
			return err
		}
	}
	return nil
}

// smallFile is up to how many bytes a file's streams and packets are asked for
// at once. A start of ffprobe loads two hundred libraries, which takes longer
// than to read such a file.
// A variable for tests.
var smallFile int64 = 1 << 20

type metaStream struct {
	Index       int               `json:"index"`
	Type        string            `json:"codec_type"`
	Codec       string            `json:"codec_name"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	TimeBase    string            `json:"time_base"`
	PixelShape  string            `json:"sample_aspect_ratio"`
	Pixels      string            `json:"pix_fmt"`
	Range       string            `json:"color_range"` // tv, pc, or nothing
	RFrameRate  string            `json:"r_frame_rate"`
	AvgRate     string            `json:"avg_frame_rate"`
	DurationTS  int64             `json:"duration_ts"`
	Disposition map[string]int    `json:"disposition"`
	Tags        map[string]string `json:"tags"`
	SideData    []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// streamFacts is what the scan needs of the stream beyond the wire.Probe.
type streamFacts struct {
	rate       wire.Rational // frames a second, as the container says; may be 0/0
	promisedUS int64         // the container's length of the stream, 0 unknown
	odd        bool          // the scan met what a second one may not
}

// errLong is of an answer with packets that was too long, or took too long.
var errLong = errors.New("too long an answer")

// readMeta asks ffprobe for the streams of a file, and of a small one for its
// packets too. Those are left out where there are many, or of several streams.
func readMeta(ctx context.Context, src source, path string, packets bool) (*meta, error) {
	if packets && src.bytes <= smallFile {
		m, err := askMeta(ctx, src, path, "-show_entries", "packet=pts,dts,duration,pos,size,flags")
		if err == nil && len(m.Streams) > 1 {
			m.Packets = nil
		}
		if err != errLong {
			return m, err
		}
	}
	return askMeta(ctx, src, path)
}

// askMeta runs ffprobe, asking for more.
func askMeta(ctx context.Context, src source, path string, more ...string) (*meta, error) {
	args := append([]string{"-hide_banner", "-v", "error", "-max_alloc", itoa(maxAlloc), "-of", "json",
		"-show_streams", "-show_format"}, more...)
	args = append(args, src.inputFlags()...)
	ctx2, cancel := context.WithTimeout(ctx, scanStall)
	defer cancel()
	out, msgs, err := runTool(ctx2, "ffprobe", append(args, "-i", src.url()))
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	if more != nil && (ctx2.Err() != nil || err != nil && len(out) > 1<<10) { // what cannot be opened gets no answer at all
		return nil, errLong
	}
	if ctx2.Err() != nil {
		return nil, fault.New(fault.BadInput, "ffprobe found nothing out within %v", scanStall).OnFile(path).
			WithHint("the file may be damaged; try another copy")
	}
	if err != nil {
		if msgs == nil {
			return nil, err // ffprobe is missing
		}
		return nil, refuseFile(msgs, src, path)
	}
	m := meta{msgs: msgs}
	if err := json.Unmarshal(out, &m); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "ffprobe's answer cannot be read").OnFile(path)
	}
	return &m, nil
}

// refuseFile puts ffprobe's refusal into words.
func refuseFile(msgs *messages, src source, path string) error {
	e := fault.New(fault.BadInput, "this is not a video or a photograph that FFmpeg reads (it says: %s)", cleanMessage(msgs.last(), path)).
		OnFile(path).WithHint("check with the exhibit's source what the file is; proprietary formats need their maker's converter")
	switch {
	case msgs.has("moov atom not found") && !src.boxed:
		e.Msg = "this is not a video or a photograph, whatever its name says"
	case msgs.has("moov atom not found"):
		e.Msg = "the recording was never closed: its index (the moov atom) is missing"
		e.Hint = "the recorder lost power or the copy is incomplete: copy it again, or have it rebuilt and import the result as an exhibit of its own"
	case msgs.has("not on whitelist"):
		e.Msg = "this kind of file is not accepted: it is a playlist or no recording"
		e.Hint = "import the video files themselves"
	case msgs.has("Permission denied"):
		e.Msg, e.Hint = "the file may not be read by this user", "ask for read access to it"
	case msgs.has("too large") || msgs.has("exceeds") || msgs.has("Picture size"):
		e.Msg = "its pictures have an impossible size"
		e.Hint = fmt.Sprintf("at most %d pixels a picture are decoded; the file is probably damaged", maxPixels)
	}
	return e
}

// cleanMessage takes the path out of FFmpeg's words; the error names it already.
func cleanMessage(s, path string) string {
	if i := strings.LastIndex(s, ": "); i >= 0 && strings.Contains(s[:i], filepath.Base(path)) {
		s = s[i+2:]
	}
	if s == "" {
		return "nothing"
	}
	return s
}

// probe fills in all that is known before the packets are scanned.
func (m *meta) probe(path string) (*wire.Probe, *streamFacts, error) {
	s, videos := m.video()
	if s == nil {
		for _, x := range m.Streams {
			if x.Type == "audio" {
				return nil, nil, fault.New(fault.BadInput, "the file holds sound only, no pictures").OnFile(path).
					WithHint("only video and photographs are analysed")
			}
		}
		return nil, nil, fault.New(fault.BadInput, "the file holds no video").OnFile(path).
			WithHint("check with the exhibit's source what the file is")
	}
	p := &wire.Probe{Format: m.Format.Name, Codec: s.Codec, Stream: s.Index, Width: s.Width, Height: s.Height,
		Plain: s.Pixels == "yuv420p" && s.Range != "pc"}
	if p.Width <= 0 || p.Height <= 0 {
		return nil, nil, fault.New(fault.BadInput, "no picture of the video can be decoded: its size is not known").OnFile(path).
			WithHint("the file is damaged or was cut off at its start; try another copy")
	}
	if p.Width > 1<<15 || p.Height > 1<<15 || p.Width*p.Height > maxPixels {
		return nil, nil, fault.New(fault.BadInput, "pictures of %d×%d are too large", p.Width, p.Height).OnFile(path).
			WithHint("at most %d pixels a picture are decoded; have it scaled down as an exhibit of its own", maxPixels)
	}
	if !slices.Contains(strings.Split(allowedCodecs, ","), p.Codec) {
		return nil, nil, fault.New(fault.BadInput, "video coded as %q is not accepted", p.Codec).OnFile(path).
			WithHint("have it converted to H.264 and import the result as an exhibit of its own")
	}
	p.TimeBase = parseRational(s.TimeBase)
	if !validTimeBase(p.TimeBase) {
		return nil, nil, fault.New(fault.BadInput, "the video has the time base %q", s.TimeBase).OnFile(path).
			WithHint("the file's header is damaged; try another copy")
	}
	p.Rotation = s.rotation()
	if p.Rotation%180 != 0 {
		p.Width, p.Height = p.Height, p.Width
	}
	if videos > 1 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the file holds %d video streams; only stream %d is read", videos, s.Index))
	}
	if n, d, ok := s.oblong(); ok {
		p.Warnings = append(p.Warnings, fmt.Sprintf("its pixels are not square (%d:%d): places, sizes and headings are those of the stored picture", n, d))
	}
	p.Created = created(m.Format.Tags, s.Tags)
	p.Still = still(p.Format)
	f := &streamFacts{rate: parseRational(s.AvgRate), promisedUS: s.promisedUS(p.TimeBase)}
	if !validTimeBase(f.rate) || p.Format == "avi" {
		f.rate = parseRational(s.RFrameRate)
	}
	return p, f, nil
}

// oblong is the shape of the stream's pixels, width to height, where they are
// not square to within a fiftieth; DVRs store wide pictures in narrow frames.
func (s *metaStream) oblong() (n, d int, ok bool) {
	if _, err := fmt.Sscanf(s.PixelShape, "%d:%d", &n, &d); err != nil || n <= 0 || d <= 0 {
		return 0, 0, false
	}
	return n, d, 50*max(n-d, d-n) > d
}

// video is the first video stream that is no cover picture or thumbnail, and
// the number of such streams. The disposition "default" comes first.
func (m *meta) video() (*metaStream, int) {
	var best *metaStream
	n := 0
	for i := range m.Streams {
		s := &m.Streams[i]
		if s.Type != "video" || s.Disposition["attached_pic"] == 1 || s.Disposition["timed_thumbnails"] == 1 {
			continue
		}
		n++
		if best == nil || best.Disposition["default"] == 0 && s.Disposition["default"] == 1 {
			best = s
		}
	}
	return best, n
}

// rotation is by how many degrees FFmpeg turns the picture clockwise. The
// side data counts the other way.
func (s *metaStream) rotation() int {
	for _, d := range s.SideData {
		if r := -int(math.Round(d.Rotation)); r%90 == 0 && r != 0 {
			return ((r % 360) + 360) % 360
		}
	}
	return 0
}

// promisedUS is how long the container says the stream is. Only a field of
// the stream counts; FFmpeg's own estimate does not.
func (s *metaStream) promisedUS(tb wire.Rational) int64 {
	if d := s.Tags["DURATION"]; d != "" { // Matroska: 00:00:04.000000000
		var h, m int64
		var sec float64
		if _, err := fmt.Sscanf(d, "%d:%d:%f", &h, &m, &sec); err == nil && h >= 0 && h < 1e4 && m >= 0 && m < 60 && sec >= 0 && sec < 61 { // no ∞ either
			return (h*3600+m*60)*1e6 + int64(sec*1e6)
		}
	}
	if us := (Clock{TB: tb}).US(max(s.DurationTS, 0)); us < maxPromisedUS {
		return us
	}
	return 0
}

// maxPromisedUS is a length that no recording has: 10,000 hours.
const maxPromisedUS = 10_000 * 3600 * 1_000_000

// created is the creation time that a container claims, if it is one.
func created(tags ...map[string]string) string {
	for _, t := range tags {
		if v, err := time.Parse(time.RFC3339Nano, t["creation_time"]); err == nil && v.Year() > 1990 {
			return v.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// parseRational reads "num/den"; anything else is 0/0.
func parseRational(s string) wire.Rational {
	a, b, ok := strings.Cut(s, "/")
	num, err1 := strconv.ParseInt(a, 10, 64)
	den, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return wire.Rational{}
	}
	return wire.Rational{Num: num, Den: den}
}
