// Package progress is one display for everything that takes time: BuildKit's own vertices and steps of ours, shown
// alike by BuildKit's progressui.
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

// Printer shows progress. It is safe for use by many at once. The nil Printer shows nothing.
type Printer struct {
	ch   chan *bkclient.SolveStatus
	done chan struct{}

	silent bool // nobody reads along

	mu     sync.Mutex
	steps  int
	closed bool
}

// New starts a display of the given mode (auto, plain, tty, rawjson, quiet) on out. Close ends it.
func New(out io.Writer, mode string) (*Printer, error) {
	d, err := progressui.NewDisplay(out, progressui.DisplayMode(mode))
	if err != nil {
		return nil, fmt.Errorf("--progress %s: want auto, plain, tty, quiet or rawjson", mode)
	}
	p := &Printer{ch: make(chan *bkclient.SolveStatus, 16), done: make(chan struct{})}
	p.silent = mode == string(progressui.QuietMode) || mode == string(progressui.RawJSONMode)
	go func() {
		defer close(p.done)
		// The display lives until Close, not until some context ends: what happens on the way out is shown, too.
		_, _ = d.UpdateFrom(context.Background(), p.ch)
	}()
	return p, nil
}

// Shows tells whether somebody reads what is printed on the way.
func (p *Printer) Shows() bool { return p != nil && !p.silent }

// Close shows what is left and ends the display. Nothing is shown afterwards.
func (p *Printer) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	if first {
		close(p.ch)
	}
	p.mu.Unlock()
	<-p.done
}

// Write shows a status of BuildKit.
func (p *Printer) Write(s *bkclient.SolveStatus) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.ch <- s
	}
}

// Forward shows every status from ch until it is closed, with prefix before the names of build stages, so that those
// of several images can be told apart.
func (p *Printer) Forward(prefix string, ch <-chan *bkclient.SolveStatus) {
	for s := range ch {
		for _, v := range s.Vertexes {
			v.Name = prefixed(prefix, v.Name)
		}
		p.Write(s)
	}
}

// prefixed turns "[stage 1/2] RUN x" into "[prefix stage 1/2] RUN x", as buildx does for several targets.
func prefixed(prefix, name string) string {
	switch {
	case prefix == "" || name == "":
		return name
	case name[0] == '[':
		return "[" + prefix + " " + name[1:]
	default:
		return "[" + prefix + "] " + name
	}
}

// Step shows fn as a step named name, from its start to its end. What fn writes to log are the step's lines; when fn
// fails, its error is the step's.
func (p *Printer) Step(ctx context.Context, name string, fn func(ctx context.Context, log io.Writer) error) error {
	if p == nil {
		return fn(ctx, io.Discard)
	}
	p.mu.Lock()
	p.steps++
	id := digest.FromString(fmt.Sprintf("docker-bmo step %d", p.steps))
	p.mu.Unlock()

	start := time.Now()
	v := bkclient.Vertex{Digest: id, Name: name, Started: &start}
	p.vertex(v)
	err := fn(ctx, &stepLog{p: p, id: id})
	end := time.Now()
	v.Completed = &end
	if err != nil {
		v.Error = err.Error()
	}
	p.vertex(v)
	return err
}

func (p *Printer) vertex(v bkclient.Vertex) {
	p.Write(&bkclient.SolveStatus{Vertexes: []*bkclient.Vertex{&v}})
}

// stepLog shows what is written to it as a step's lines.
type stepLog struct {
	p  *Printer
	id digest.Digest
}

func (l *stepLog) Write(b []byte) (int, error) {
	l.p.Write(&bkclient.SolveStatus{Logs: []*bkclient.VertexLog{{
		Vertex: l.id, Stream: 1, Data: append([]byte(nil), b...), Timestamp: time.Now(),
	}}})
	return len(b), nil
}
