//go:build unix

package progress

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/containerd/console"
	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/vt100"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// screen is a terminal that records what it shows.
type screen struct {
	*os.File // a real one, which is asked for its size
	shows    *vt100.VT100
}

// plainer rewrites sequences that vt100 does not know as ones that it knows.
var plainer = strings.NewReplacer("\n", "\r\n", "\x1b[0G", "\r")

func (s *screen) Write(b []byte) (int, error) {
	return s.shows.Write([]byte(plainer.Replace(string(b))))
}

func newScreen(t *testing.T, width, height int) *screen {
	t.Helper()
	master, name, err := console.NewPty()
	assert.NilError(t, err)
	t.Cleanup(func() { master.Close() })
	assert.NilError(t, master.Resize(console.WinSize{Width: uint16(width), Height: uint16(height)}))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	assert.NilError(t, err)
	t.Cleanup(func() { f.Close() })
	return &screen{File: f, shows: vt100.NewVT100(height, width+1)} // it wraps when a line is full, not after
}

// text returns the text on the screen.
func (s *screen) text() string {
	var b strings.Builder
	for _, line := range s.shows.Content {
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// shown runs fn with a printer on a terminal, with a fake clock.
func shown(t *testing.T, width, height int, fn func(ctx context.Context, p *Printer, s *screen)) {
	t.Helper()
	s := newScreen(t, width, height)
	synctest.Test(t, func(t *testing.T) {
		p, err := New(s, "auto", "Running")
		assert.NilError(t, err)
		time.Sleep(time.Millisecond)
		fn(t.Context(), p, s)
	})
}

// TestWaitingOnATerminal: a row with what is waited for and for how long, and below it the reason, as long as it lasts.
func TestWaitingOnATerminal(t *testing.T) {
	shown(t, 64, 20, func(ctx context.Context, p *Printer, s *screen) {
		_ = p.Step(ctx, "start db", func(_ context.Context, log *Log) error {
			poll(log, 2*time.Second, "waiting for db: mysql query", "nothing listens on port 3306")
			poll(log, 5*time.Second, "waiting for db: mysql query", "Access denied")
			synctest.Wait()
			golden.Assert(t, s.text(), "screen-waiting.golden")
			return nil
		})
		p.Close()
		golden.Assert(t, s.text(), "screen-ready.golden")
	})
}

// TestFailureOnATerminal: the last lines are shown once, at the end.
func TestFailureOnATerminal(t *testing.T) {
	shown(t, 64, 20, func(ctx context.Context, p *Printer, s *screen) {
		_ = p.Step(ctx, "start db", func(_ context.Context, log *Log) error {
			poll(log, 2*time.Second, "waiting for db: mysql query", "nothing listens on port 3306")
			assert.Check(t, log.Visible())
			fmt.Fprintln(log, "out of memory")
			return errors.New("service db: ended with exit code 1")
		})
		p.Close()
		golden.Assert(t, s.text(), "screen-failure.golden")
	})
}

// TestNotesStayOnATerminal: the other lines of a step disappear when it ends.
func TestNotesStayOnATerminal(t *testing.T) {
	shown(t, 64, 20, func(ctx context.Context, p *Printer, s *screen) {
		_ = p.Step(ctx, "commit db", func(_ context.Context, log *Log) error {
			fmt.Fprintln(log, "a line")
			log.Note("82.84MB committed")
			return nil
		})
		p.Close()
		golden.Assert(t, s.text(), "screen-note.golden")
	})
}

// TestNothingIsLeftBelow: rows that have disappeared leave no trace, nor does a ^C that was typed.
func TestNothingIsLeftBelow(t *testing.T) {
	shown(t, 64, 20, func(ctx context.Context, p *Printer, s *screen) {
		_ = p.Step(ctx, "bootstrap", func(_ context.Context, log *Log) error {
			fmt.Fprintln(log, "one\ntwo")
			time.Sleep(time.Second)
			synctest.Wait()
			_, _ = s.shows.Write([]byte("^C"))
			return nil
		})
		p.Close()
		golden.Assert(t, s.text(), "screen-below.golden")
	})
}

// TestRowsEndWithTheirVertex: also one that BuildKit does not end.
func TestRowsEndWithTheirVertex(t *testing.T) {
	shown(t, 64, 20, func(_ context.Context, p *Printer, s *screen) {
		start := time.Now()
		v := bkclient.Vertex{Digest: digest.FromString("load"), Name: "[web context app] load from client", Started: &start}
		p.vertex(v)
		p.Write(&bkclient.SolveStatus{Statuses: []*bkclient.VertexStatus{{ID: "transferring app:", Vertex: v.Digest, Current: 38, Started: &start, Timestamp: start}}})
		time.Sleep(time.Second)
		end := time.Now()
		v.Completed = &end
		p.vertex(v)
		time.Sleep(5 * time.Second)
		p.Close()
		golden.Assert(t, s.text(), "screen-rows.golden")
	})
}

// TestNarrowTerminal: rows are cut, never wrapped; otherwise the display would lose count of its lines.
func TestNarrowTerminal(t *testing.T) {
	shown(t, 40, 12, func(ctx context.Context, p *Printer, s *screen) {
		_ = p.Step(ctx, "start a service with a rather long name", func(_ context.Context, log *Log) error {
			poll(log, 5*time.Second, "waiting for web: GET http://127.0.0.1:8000/rest/version", "answered 500 Internal Server Error")
			synctest.Wait()
			golden.Assert(t, s.text(), "screen-narrow.golden")
			return nil
		})
		p.Close()
	})
}
