package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// lineEvery is how often progress is told where no bar can be drawn.
const lineEvery = 5 * time.Second

// progress shows how far something is in a log. The store's positions tell the share that is done; events are counted.
type progress struct {
	to     io.Writer
	what   string
	end    uint64 // position
	bar    *progressbar.ProgressBar
	now    func() time.Time
	began  time.Time
	told   time.Time
	events uint64
}

// newProgress draws a bar on a terminal, and writes a line every few seconds elsewhere. end is the last position, 0 if that
// is not known.
func newProgress(to io.Writer, what string, end uint64) *progress {
	p := &progress{to: to, what: what, end: end, now: time.Now}
	p.began = p.now()
	p.told = p.began
	if file, ok := to.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		most := int64(end)
		if end == 0 {
			most = -1
		}
		p.bar = progressbar.NewOptions64(most, progressbar.OptionSetWriter(to), progressbar.OptionSetDescription(what),
			progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionThrottle(200*time.Millisecond),
			progressbar.OptionSetRenderBlankState(true))
	}
	return p
}

// at notes one more event, at a position.
func (p *progress) at(position uint64) {
	p.events++
	if p.bar == nil {
		if p.events%256 == 0 && p.now().Sub(p.told) >= lineEvery {
			p.told = p.now()
			p.line(position)
		}
		return
	}
	if p.events%64 == 0 {
		p.bar.Describe(fmt.Sprintf("%s %d events (%.0f/s)", p.what, p.events, p.rate()))
		if p.end > 0 && position > p.end { // written since
			p.end = position
			p.bar.ChangeMax64(int64(position) + 1)
		}
		_ = p.bar.Set64(int64(position)) // a terminal that is gone is nobody's loss
	}
}

func (p *progress) rate() float64 {
	return float64(p.events) / max(p.now().Sub(p.began).Seconds(), 0.001)
}

func (p *progress) line(position uint64) {
	if p.end == 0 {
		fmt.Fprintf(p.to, "%s %d events, %.0f/s\n", p.what, p.events, p.rate())
		return
	}
	share := min(float64(position)/float64(p.end), 1)
	elapsed := p.now().Sub(p.began)
	left := "?"
	if share > 0.001 {
		left = time.Duration(float64(elapsed) * (1 - share) / share).Round(time.Second).String()
	}
	fmt.Fprintf(p.to, "%s %d events, %.0f%%, %.0f/s, %s left\n", p.what, p.events, 100*share, p.rate(), left)
}

// done ends it with a last line.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.to, "%s %d events in %s (%.0f/s)\n", p.what, p.events, p.now().Sub(p.began).Round(time.Millisecond), p.rate())
}
