package media

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"posteriori/engine/fault"
)

// noPTS stands for a missing timestamp.
const noPTS = math.MinInt64

// packet is one packet of the video stream as ffprobe lists it.
type packet struct {
	pts, dts, duration int64
	pos, size          int64 // bytes; pos in the file, 0 where it is not known
	key                bool
	discard            bool // the container says it is not to be shown
	corrupt            bool
}

// errEnough ends a scan early without an error.
var errEnough = errors.New("enough")

// scanPackets streams every packet of a stream in file order to each. from
// is ffprobe's -read_intervals, or empty for all. It gives ffprobe's messages.
func scanPackets(ctx context.Context, src source, stream int, from string, each func(*packet) error) (*messages, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	args := []string{"-hide_banner", "-v", "error", "-max_alloc", itoa(maxAlloc), "-of", "compact=p=0:nk=0",
		"-select_streams", itoa(stream), "-show_entries", "packet=pts,dts,duration,pos,size,flags"}
	if from != "" {
		args = append(args, "-read_intervals", from)
	}
	args = append(args, src.inputFlags()...)
	cmd, err := newCommand(ctx, "ffprobe", append(args, "-i", src.url()))
	if err != nil {
		return nil, err
	}
	msgs := &messages{}
	cmd.Stderr = msgs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "no pipe for ffprobe")
	}
	if err := cmd.Start(); err != nil {
		return nil, fault.Wrap(fault.Missing, err, "ffprobe does not start")
	}
	watch := &stallReader{r: out, limit: scanStall, kill: cancel}
	err = eachPacket(watch, each)
	if err != nil {
		cancel() // it may still be writing
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // an error at the end of a damaged file still leaves the packets before it
	msgs.flush()
	switch {
	case watch.stalled():
		return msgs, fault.New(fault.BadInput, "ffprobe hangs on this file").
			WithHint("the file may be damaged, or its disk may not answer; try another copy")
	case errors.Is(err, errEnough):
		return msgs, nil
	case ctx.Err() != nil && err == nil:
		return msgs, interrupted(ctx)
	case err != nil:
		return msgs, err
	}
	return msgs, cmd.killed()
}

// eachPacket parses ffprobe's compact lines. Lines of another kind (side
// data) are passed over.
func eachPacket(r io.Reader, each func(*packet) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	var p packet
	for sc.Scan() {
		if parsePacket(sc.Text(), &p) {
			if err := each(&p); err != nil {
				return err
			}
		}
	}
	if err := sc.Err(); err != nil && errors.Is(err, bufio.ErrTooLong) {
		return fault.Wrap(fault.Internal, err, "ffprobe's answer cannot be read")
	}
	return nil
}

func parsePacket(line string, p *packet) bool {
	*p = packet{pts: noPTS, dts: noPTS}
	found := false
	for line != "" {
		var field string
		field, line, _ = strings.Cut(line, "|")
		k, v, ok := strings.Cut(field, "=")
		if !ok {
			continue
		}
		switch k {
		case "pts":
			p.pts, found = parseTS(v), true
		case "dts":
			p.dts = parseTS(v)
		case "duration":
			if d := parseTS(v); d > 0 {
				p.duration = d
			}
		case "pos":
			p.pos = max(parseTS(v), 0)
		case "size":
			p.size = max(parseTS(v), 0)
		case "flags":
			p.flags(v)
		}
	}
	return found
}

// flags reads ffprobe's letters.
func (p *packet) flags(s string) {
	p.key = strings.Contains(s, "K")
	p.discard = strings.Contains(s, "D")
	p.corrupt = strings.Contains(s, "C")
}

// parseTS reads a timestamp.
func parseTS(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return noPTS
	}
	return within(&n)
}

// within is a timestamp that FFmpeg's own arithmetic, in doubles, has exactly:
// beyond 2^52 ticks it counts as missing, as nil does.
func within(n *int64) int64 {
	if n == nil || *n > 1<<52 || *n < -1<<52 {
		return noPTS
	}
	return *n
}
