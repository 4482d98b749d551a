// Package progress is one display for everything that takes time: BuildKit's own vertices and docker bmo's steps, shown
// in the same way by BuildKit's progressui. It is never silent for long: a step says what it waits for and for how
// long, and in plain mode, which has no running clock, what is still running is shown every few seconds.
package progress

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	digest "github.com/opencontainers/go-digest"
)

// Printer shows progress. It is safe for concurrent use. A nil Printer shows nothing.
type Printer struct {
	mode progressui.DisplayMode
	out  io.Writer
	ch   chan *bkclient.SolveStatus
	done chan struct{}
	stop chan struct{} // ends the clock

	mu      sync.Mutex
	steps   int
	open    []*Log                   // steps in progress
	met     map[string]digest.Digest // vertices that are not shown a second time, by name
	silence silence
	rows    rows
	after   []string // what is printed when the display has ended
	closed  bool
}

// tick is the interval between checks whether something must be shown.
const tick = 250 * time.Millisecond

// New starts a display of the given mode (auto, plain, tty, rawjson, quiet) on out, with a title at its top, for
// instance "Building". Close ends it.
func New(out io.Writer, mode, doing string) (*Printer, error) {
	d, out, shown, err := display(out, progressui.DisplayMode(mode), progressui.WithPhase(doing))
	if err != nil {
		return nil, fmt.Errorf("--progress %s: want auto, plain, tty, quiet or rawjson", mode)
	}
	p := &Printer{
		mode: shown, out: out, ch: make(chan *bkclient.SolveStatus, 16), done: make(chan struct{}), stop: make(chan struct{}),
		met: map[string]digest.Digest{}, silence: newSilence(), rows: rows{},
	}
	go func() {
		defer close(p.done)
		// The display lives until Close, not until some context is done: what happens during the teardown is shown, too.
		_, _ = d.UpdateFrom(context.Background(), p.ch)
		if shown == progressui.TtyMode {
			fmt.Fprint(out, "\x1b[J") // what is left below: rows that have disappeared, and the ^C that was typed
		}
	}()
	go p.watch()
	return p, nil
}

// display returns a display, where it writes to, and the mode that auto turned out to be.
func display(out io.Writer, mode progressui.DisplayMode, opts ...progressui.DisplayOpt) (progressui.Display, io.Writer, progressui.DisplayMode, error) {
	if mode == progressui.AutoMode || mode == progressui.DefaultMode {
		if d, err := progressui.NewDisplay(out, progressui.TtyMode, opts...); err == nil {
			return d, out, progressui.TtyMode, nil
		}
		mode = progressui.PlainMode
	}
	if mode != progressui.TtyMode { // a terminal must be seen to be one
		out = &lockedWriter{w: out}
	}
	d, err := progressui.NewDisplay(out, mode, opts...)
	return d, out, mode, err
}

// watch shows from time to time what is waited for.
func (p *Printer) watch() {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-t.C:
			p.mu.Lock()
			for _, l := range p.open {
				p.send(l.wait.say(now))
			}
			if p.mode == progressui.PlainMode {
				p.send(p.silence.interrupt(now))
			}
			p.mu.Unlock()
		}
	}
}

// Close shows what is left and ends the display. Nothing is shown afterwards.
func (p *Printer) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	if first {
		close(p.stop)
		close(p.ch)
	}
	p.mu.Unlock()
	<-p.done
	if !first {
		return
	}
	for _, text := range p.after {
		fmt.Fprint(p.out, text)
	}
}

// Visible reports whether somebody reads the steps' lines.
func (p *Printer) Visible() bool {
	return p != nil && (p.mode == progressui.PlainMode || p.mode == progressui.TtyMode)
}

// Write shows a status of BuildKit.
func (p *Printer) Write(s *bkclient.SolveStatus) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.send(s)
}

// send shows a status, if there is one; p.mu is held.
func (p *Printer) send(s *bkclient.SolveStatus) {
	if p.closed || s == nil {
		return
	}
	switch p.mode {
	case progressui.TtyMode:
		escape(s)
		p.rows.end(s)
	case progressui.PlainMode:
		escape(s)
		p.silence.observe(s, time.Now())
	}
	p.ch <- s
}
