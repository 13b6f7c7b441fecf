package media

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// What FFmpeg may open and decode. No demuxer of the list opens a second file.
const (
	allowedFormats = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,h264,hevc,m4v,mpegvideo," +
		"dhav,mjpeg,jpeg_pipe,png_pipe,asf,flv,live_flv,nut,ivf,obu,mxf,ogg,rm,dv,mpjpeg"
	allowedCodecs = "h264,hevc,mpeg4,mjpeg,mjpegb,jpegls,png,mpeg1video,mpeg2video,msmpeg4v1,msmpeg4v2,msmpeg4v3,msmpeg4," +
		"h261,h263,h263p,h263i,flv,vp6,vp6f,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,wmv1,wmv2,wmv3,vc1," +
		"rawvideo,dvvideo,prores,dnxhd,svq1,svq3,theora,ffv1,huffyuv,jpeg2000,libopenjpeg,cinepak,rv30,rv40," +
		"h264_cuvid,hevc_cuvid"
	// maxPixels lets 8K pass and holds a decoder's frames to bounded memory.
	maxPixels  = 8192 * 8192
	maxStreams = 64
	maxAlloc   = 1 << 30
)

var urlLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:(//|[^\\/])`)

// source is a file that was checked and how FFmpeg is to open it.
type source struct {
	path   string // absolute
	boxed  bool   // begins like an ISO base media file
	format string // demuxer to force, or empty to let FFmpeg detect it
	bytes  int64
}

// inputFlags are the options before -i, for ffmpeg and ffprobe alike. Only
// ffmpeg takes the list of codecs: ffprobe gives up on a file when the sound's
// codec is not on it.
func (s source) inputFlags() []string {
	a := []string{"-protocol_whitelist", "file,pipe", "-format_whitelist", allowedFormats, "-max_streams", itoa(maxStreams), "-max_pixels", itoa(maxPixels)}
	if s.format != "" {
		a = append(a, "-f", s.format)
	}
	return a
}

func (s source) url() string { return "file:" + s.path }

// openSource refuses all but a readable regular file with something in it.
func openSource(path string) (source, error) {
	if urlLike.MatchString(path) && !filepath.IsAbs(path) {
		if _, err := os.Lstat(path); err != nil {
			return source{}, fault.New(fault.Refused, "an address is not a recording: only files are analysed, after the fact").
				OnFile(path).UnderRule("1").WithHint("have the recording handed over as a file and import that")
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return source{}, fault.Wrap(fault.BadInput, err, "bad path").OnFile(path)
	}
	// Stat first: opening a FIFO would wait for its writer.
	st, err := os.Stat(abs)
	if err != nil {
		return source{}, openError(path, err)
	}
	if !st.Mode().IsRegular() {
		return source{}, fault.New(fault.Refused, "%s is not a recording: only regular files are analysed, after the fact", modeName(st.Mode())).
			OnFile(path).UnderRule("1").WithHint("import a file, or a folder of files by its name")
	}
	f, err := os.Open(abs)
	if err != nil {
		return source{}, openError(path, err)
	}
	defer f.Close()
	if st.Size() == 0 {
		return source{}, fault.New(fault.BadInput, "the file is empty (0 bytes)").OnFile(path).
			WithHint("copy it again from its source; if it is empty there too, note that in the procedure")
	}
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return source{}, openError(path, err)
	}
	return source{path: abs, format: sniff(head[:n], abs), bytes: st.Size(), boxed: isBoxed(head[:n])}, nil
}

// isBoxed tells whether a file begins with a box of ISO/IEC 14496-12 (or of
// QuickTime), as a real .mp4 does.
func isBoxed(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot":
		return true
	}
	return false
}

// sniff names the demuxer for photographs. Left to itself FFmpeg would take
// image2, which reads % in a name as a pattern and opens other files.
func sniff(head []byte, path string) string {
	switch {
	case strings.HasPrefix(string(head), "\x89PNG\r\n\x1a\n"):
		return "png_pipe"
	case strings.HasPrefix(string(head), "\xff\xd8\xff"):
		switch strings.ToLower(filepath.Ext(path)) {
		case ".mjpeg", ".mjpg":
			return "mjpeg"
		}
		return "jpeg_pipe"
	}
	return ""
}

// reopen is the source of a recording that was probed before.
func reopen(path string, p *wire.Probe) (source, error) {
	if !validTimeBase(p.TimeBase) || p.Format == "" {
		return source{}, fault.New(fault.Internal, "the probe of this recording is not whole").OnFile(path)
	}
	s, err := openSource(path)
	if err != nil {
		return s, err
	}
	if p.Bytes != 0 && p.Bytes != s.bytes {
		return s, fault.New(fault.Integrity, "the file has changed: %d bytes when it was probed, %d now", p.Bytes, s.bytes).
			OnFile(path).WithHint("find out who changed it; the import's hash tells which copy is the original")
	}
	s.format, _, _ = strings.Cut(p.Format, ",")
	return s, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.BadInput, "there is no such file").OnFile(path).WithHint("check the name")
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.BadInput, "the file may not be read by this user").OnFile(path).
			WithHint("ask for read access to it (its owner: chmod u+r, or copy it as its owner)")
	}
	return fault.Wrap(fault.BadInput, err, "the file cannot be opened").OnFile(path)
}

func modeName(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a special file"
}
