package render

import (
	"context"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/wire"
)

// sink takes finished pictures; engine/media's encoder is one.
type sink interface {
	Write(y frame.YUV) error
	Close() error
}

// openSink starts the encoder on the job's new file.
func openSink(ctx context.Context, j *wire.RenderJob) (sink, error) {
	return media.NewEncoder(ctx, j.Out, j.Width, j.Height, j.FrameUS, j.Meta)
}
