package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gpuSuite measures analysis on a CUDA card, where there is one.
func gpuSuite(ctx context.Context, e *env) ([]figure, error) {
	card, err := cardName(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: there is no CUDA card here (%v)", errNoData, err)
	}
	f := footage{park10, coding{"h264", 1080, 50, false}, 1200}
	clip, err := f.build(ctx, e)
	if err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	var use cardUse
	var wg sync.WaitGroup
	wg.Go(func() { use.watch(ctx, stop) })
	a, err := analyseOnce(ctx, e, clip, "gpu", "--device", "cuda")
	close(stop)
	wg.Wait()
	if err != nil {
		return nil, err
	}
	if a.device != "cuda" {
		return nil, fmt.Errorf("%w: %s is here, and the CPU computed: run make setup-cuda, and see posteriori doctor", errNoData, card)
	}
	onCPU, err := analyseOnce(ctx, e, clip, "gpu's file on the CPU", "--device", "cpu")
	if err != nil {
		return nil, err
	}
	again := foundAgain(onCPU.found, a.found)
	s := a.Wall.Seconds()
	return []figure{
		{"analysis on the card, times real time", float64(f.seconds) / s, "×", "400", "goal of the project", fmt.Sprintf("%s; %s, %d s; %.0f fps", card, f, f.seconds, float64(a.frames)/s)},
		{"card's use", use.mean(), "%", "", "", "mean of nvidia-smi's utilisation, twice a second"},
		{"cores in use", a.CPU.Seconds() / s, "", "", "", "processor time over time, all processes"},
		{"objects of the CPU's analysis found", percent(again, len(onCPU.found)), "%", "99", "goal of the project", fmt.Sprintf("%d of %d: half of the path or more, at an overlap of .5", again, len(onCPU.found))},
	}, nil
}

// cardName asks the driver for the first card.
func cardName(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").Output()
	if err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(name), nil
}

// cardUse gathers how busy the card is, in per cent.
type cardUse struct{ seen []float64 }

func (u *cardUse) watch(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits").Output()
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(string(out), "\n")
		if v, err := strconv.ParseFloat(strings.TrimSpace(first), 64); err == nil {
			u.seen = append(u.seen, v)
		}
	}
}

func (u *cardUse) mean() float64 {
	if len(u.seen) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range u.seen {
		sum += v
	}
	return sum / float64(len(u.seen))
}
