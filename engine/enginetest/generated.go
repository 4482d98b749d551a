package enginetest

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

// generated is a log whose lines are made when they are read.
type generated struct {
	n    int
	line func(i int) string
	from time.Time
	made atomic.Int64
}

// Generate gives a container a log of n lines, a microsecond apart, which are made when they are read: none is kept in the
// test's memory. What the container prints is not in it. made is how many have been made so far.
func (f *Fake) Generate(container string, n int, line func(i int) string) (made func() int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := &generated{n: n, line: line, from: f.now()}
	f.findContainer(container).generated = g
	return func() int { return int(g.made.Load()) }
}

// copy writes the lines from a time on, each after its time.
func (g *generated) copy(w io.Writer, since time.Time) {
	out := stdcopy.NewStdWriter(w, stdout)
	for i := range g.n {
		at := g.from.Add(time.Duration(i) * time.Microsecond)
		if at.Before(since) {
			continue
		}
		g.made.Add(1)
		if _, err := fmt.Fprintf(out, "%s %s\n", at.UTC().Format(stamps), g.line(i)); err != nil {
			return
		}
	}
}
