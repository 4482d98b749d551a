package progress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

var seconds = regexp.MustCompile(`[0-9]+\.[0-9]+(s| )`)

// plain runs fn with a printer in plain mode and returns what it shows, without times.
func plain(t *testing.T, fn func(p *Printer)) string {
	t.Helper()
	var out bytes.Buffer
	p, err := New(&out, "plain", "Building")
	assert.NilError(t, err)
	fn(p)
	p.Close()
	return seconds.ReplaceAllString(out.String(), "0.0$1")
}

func TestStepsGolden(t *testing.T) {
	broken := errors.New("it broke")
	golden.Assert(t, plain(t, func(p *Printer) {
		assert.NilError(t, p.Step(t.Context(), "start db", func(_ context.Context, log *Log) error {
			fmt.Fprintln(log, "waiting for a query")
			return nil
		}))
		err := p.Step(t.Context(), "start web", func(_ context.Context, log *Log) error {
			fmt.Fprintln(log, "last words")
			return broken
		})
		assert.ErrorIs(t, err, broken)
	}), "steps.golden")
}

// TestR13EscapesInSteps: a stack's commands and a server's answers are in names, waits, notes and errors.
func TestR13EscapesInSteps(t *testing.T) {
	text := plain(t, func(p *Printer) {
		_ = p.Step(t.Context(), "run true \x1b]0;name\a", func(_ context.Context, log *Log) error {
			log.Note("note \x1b[2J")
			log.SetStatus("waiting", "answered \x1b[2J")
			return errors.New("failed \x1b[2J")
		})
	})
	assert.Assert(t, !strings.ContainsAny(text, "\x1b\a"), "%q", text)
	assert.Assert(t, strings.Contains(text, `run true \x1b]0;name\a`), text)
}

// TestErrorsOfSteps: what BuildKit's client says of a connection that is lost in a step.
func TestErrorsOfSteps(t *testing.T) {
	text := plain(t, func(p *Printer) {
		now := time.Now()
		p.Write(&bkclient.SolveStatus{Vertexes: []*bkclient.Vertex{{
			Digest: digest.FromString("load"), Name: "load", Started: &now, Completed: &now,
			Error: "rpc error: code = Unavailable desc = error reading from server: EOF",
		}}})
	})
	assert.Assert(t, strings.Contains(text, "ERROR: error reading from server: EOF\n"), text)
	assert.Assert(t, !strings.Contains(text, "rpc error"), text)
}

func TestForward(t *testing.T) {
	text := plain(t, func(p *Printer) {
		ch := make(chan *bkclient.SolveStatus)
		go func() {
			defer close(ch)
			now := time.Now()
			for i, name := range []string{"[internal] load build definition", "[base 1/2] FROM debian", "exporting"} {
				d := digest.FromString(fmt.Sprint(i))
				ch <- &bkclient.SolveStatus{Vertexes: []*bkclient.Vertex{{Digest: d, Name: name, Started: &now, Completed: &now}}}
			}
		}()
		p.Forward("web", ch)
	})
	for _, name := range []string{"[web internal] load build definition", "[web base 1/2] FROM debian", "[web] exporting"} {
		assert.Assert(t, strings.Contains(text, " "+name+"\n"), text)
	}
}

// TestSecondLookIsNoNews: BuildKit is called twice, for the base images and for the images, and reads the Dockerfiles
// each time. The second reading is shown only if it fails.
func TestSecondLookIsNoNews(t *testing.T) {
	look := func(p *Printer, pass, failing string) {
		ch := make(chan *bkclient.SolveStatus)
		go func() {
			defer close(ch)
			now := time.Now()
			for _, name := range []string{"[internal] load build definition", "[context app] load .dockerignore", "[1/1] FROM debian"} {
				d := digest.FromString(pass + name)
				v := bkclient.Vertex{Digest: d, Name: name, Started: &now}
				end := v
				ch <- &bkclient.SolveStatus{
					Vertexes: []*bkclient.Vertex{&v},
					Statuses: []*bkclient.VertexStatus{{ID: "transferring " + pass, Vertex: d, Started: &now, Completed: &now, Timestamp: now}},
					Logs:     []*bkclient.VertexLog{{Vertex: d, Data: []byte(pass + " line\n"), Timestamp: now}},
				}
				end.Completed = &now
				if strings.Contains(name, failing) {
					end.Error = "gone"
				}
				ch <- &bkclient.SolveStatus{Vertexes: []*bkclient.Vertex{&end}}
			}
		}()
		p.Forward("web", ch)
	}
	text := plain(t, func(p *Printer) {
		look(p, "first", "none")
		look(p, "second", "none")
		look(p, "third", "definition")
	})
	for line, times := range map[string]int{
		"[web internal] load build definition\n": 2, "[web context app] load .dockerignore\n": 1, "[web 1/1] FROM debian\n": 3,
		" first line\n": 3, " second line\n": 1, " third line\n": 1, "ERROR: gone\n": 1,
	} {
		assert.Equal(t, strings.Count(text, line), times+strings.Count(text, " > "+line), "%q in\n%s", line, text)
	}
}

func TestPrefixed(t *testing.T) {
	for _, c := range []struct{ prefix, name, want string }{
		{"web", "[base 1/2] RUN x", "[web base 1/2] RUN x"},
		{"web", "exporting to image", "[web] exporting to image"},
		{"", "[base 1/2] RUN x", "[base 1/2] RUN x"},
		{"web", "", ""},
	} {
		assert.Equal(t, prefixed(c.prefix, c.name), c.want)
	}
}

func TestNilPrinter(t *testing.T) {
	var p *Printer
	want := errors.New("it broke")
	err := p.Step(t.Context(), "x", func(_ context.Context, log *Log) error {
		fmt.Fprintln(log, "unheard")
		return want
	})
	assert.ErrorIs(t, err, want)
	p.Write(&bkclient.SolveStatus{})
	p.Close()
}

func TestStepGetsItsContext(t *testing.T) {
	p, err := New(io.Discard, "quiet", "Building")
	assert.NilError(t, err)
	defer p.Close()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	assert.NilError(t, p.Step(ctx, "x", func(ctx context.Context, _ *Log) error {
		assert.Equal(t, ctx.Value(key{}), 1)
		return nil
	}))
}

// TestModes: no mode blocks the work, however much there is to show.
func TestModes(t *testing.T) {
	for _, mode := range []string{"auto", "plain", "quiet", "rawjson"} {
		t.Run(mode, func(t *testing.T) {
			var out bytes.Buffer
			p, err := New(&out, mode, "Building")
			assert.NilError(t, err)
			assert.NilError(t, p.Step(t.Context(), "x", func(_ context.Context, log *Log) error {
				for i := range 200 {
					fmt.Fprintln(log, "line", i)
				}
				return nil
			}))
			p.Close()
			assert.Equal(t, out.Len() == 0, mode == "quiet", out.String())
		})
	}
	_, err := New(io.Discard, "loud", "Building")
	assert.ErrorContains(t, err, "--progress loud: ")
	_, err = New(io.Discard, "tty", "Building") // not a mode
	assert.ErrorContains(t, err, "--progress tty: ")
}

func TestNothingIsShownAfterClose(t *testing.T) {
	var out bytes.Buffer
	p, err := New(&out, "plain", "Building")
	assert.NilError(t, err)
	p.Close()
	ran := false
	assert.NilError(t, p.Step(t.Context(), "late", func(context.Context, *Log) error { ran = true; return nil }))
	p.Close()
	assert.Assert(t, ran)
	assert.Equal(t, out.String(), "")
}

func TestManyAtOnce(t *testing.T) {
	text := plain(t, func(p *Printer) {
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				_ = p.Step(t.Context(), fmt.Sprint("step ", i), func(_ context.Context, log *Log) error {
					fmt.Fprintf(log, "line of %d\n", i)
					return nil
				})
			})
		}
		wg.Wait()
	})
	for i := range 10 {
		assert.Assert(t, strings.Contains(text, fmt.Sprint("step ", i)), text)
		assert.Assert(t, strings.Contains(text, fmt.Sprintf("line of %d\n", i)), text)
	}
}
