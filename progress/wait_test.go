package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// timed runs fn with a printer in plain mode, with a fake clock, and compares what is shown, including the times, with
// a golden file.
func timed(t *testing.T, name string, fn func(ctx context.Context, p *Printer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p, err := New(&out, "plain", "Building")
		assert.NilError(t, err)
		time.Sleep(time.Millisecond) // so that nothing happens at the same time as the printer's own ticks
		fn(t.Context(), p)
		p.Close()
		golden.Assert(t, out.String(), name+".golden")
	})
}

// poll tries every 25 ms for that duration, as a probe does.
func poll(log *Log, d time.Duration, what, why string) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		log.SetStatus(what, why)
	}
}

// TestWaiting: what is waited for, why, and for how long, on change and every ten seconds.
func TestWaiting(t *testing.T) {
	timed(t, "waiting", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "start db", func(_ context.Context, log *Log) error {
			poll(log, 12*time.Second, "waiting for db: a query", "connection refused")
			poll(log, 25*time.Second, "waiting for db: a query", "access denied")
			return nil
		})
	})
}

func TestWaitingThatIsOverSoonIsNoNews(t *testing.T) {
	timed(t, "waiting-short", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "start db", func(_ context.Context, log *Log) error {
			poll(log, 900*time.Millisecond, "waiting for db: a query", "connection refused")
			return nil
		})
	})
}

// TestWaitingForChangingReasons: a reason that changes all the time does not fill the screen.
func TestWaitingForChangingReasons(t *testing.T) {
	timed(t, "waiting-changes", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "start web", func(_ context.Context, log *Log) error {
			for i := range 240 {
				poll(log, 100*time.Millisecond, "waiting for web", fmt.Sprint("answer ", i))
			}
			return nil
		})
	})
}

func TestCounting(t *testing.T) {
	timed(t, "counting", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "load contexts", func(_ context.Context, log *Log) error {
			for i := range 30 {
				log.SetBytes("hashing /src", int64(i)*1e6, 30e6)
				time.Sleep(time.Second)
			}
			log.SetStatus("", "")
			time.Sleep(time.Second)
			return nil
		})
	})
}

// TestSilence: a step that prints nothing, and a vertex of BuildKit.
func TestSilence(t *testing.T) {
	timed(t, "silence", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "commit db", func(context.Context, *Log) error {
			time.Sleep(25 * time.Second)
			return nil
		})
		start := time.Now()
		v := bkclient.Vertex{Digest: digest.FromString("run"), Name: "[web 2/3] RUN quietly", Started: &start}
		p.vertex(v)
		time.Sleep(9 * time.Second)
		p.Write(&bkclient.SolveStatus{Logs: []*bkclient.VertexLog{{Vertex: v.Digest, Data: []byte("a word\n"), Timestamp: time.Now()}}})
		time.Sleep(11 * time.Second)
		end := time.Now()
		v.Completed = &end
		p.vertex(v)
	})
}

// TestSilenceOfSeveral: each gets its turn.
func TestSilenceOfSeveral(t *testing.T) {
	timed(t, "silence-several", func(ctx context.Context, p *Printer) {
		done := make(chan error)
		for _, name := range []string{"one", "two"} {
			go func() {
				done <- p.Step(ctx, name, func(context.Context, *Log) error { time.Sleep(45 * time.Second); return nil })
			}()
			time.Sleep(time.Second)
		}
		<-done
		<-done
	})
}

// TestSilenceBrokenAtTheEnd: a step that ends just after it was shown as still running is shown as done.
func TestSilenceBrokenAtTheEnd(t *testing.T) {
	timed(t, "silence-end", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "commit db", func(context.Context, *Log) error {
			time.Sleep(repeat + time.Millisecond)
			return nil
		})
	})
}

// TestCalledOff: what ends because the command was interrupted is not shown as failed.
func TestCalledOff(t *testing.T) {
	timed(t, "called-off", func(ctx context.Context, p *Printer) {
		ctx, cancel := context.WithCancelCause(ctx)
		err := p.Step(ctx, "start db", func(ctx context.Context, log *Log) error {
			fmt.Fprintln(log, "a line")
			cancel(errors.New("interrupted"))
			return context.Cause(ctx)
		})
		assert.Error(t, err, "interrupted")
	})
}

// TestErrorIsSaidOnce: what an error quotes is already among the step's lines.
func TestErrorIsSaidOnce(t *testing.T) {
	timed(t, "error", func(ctx context.Context, p *Printer) {
		_ = p.Step(ctx, "bootstrap", func(_ context.Context, log *Log) error {
			fmt.Fprintln(log, "last words")
			return errors.New("`load` ended with exit code 3; its last lines:\n  last words")
		})
	})
}
