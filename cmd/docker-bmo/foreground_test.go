package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// running adds an instance whose web service runs program to the engine.
func running(t *testing.T, d *docker, program enginetest.Program) (*bmo.Client, *bmo.Instance) {
	t.Helper()
	d.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] == "web" {
			return program
		}
		return enginetest.Serve("ready for connections")
	})
	d.AddInstance(t, "demo-1", d.AddSnapshot("demo", "aa", 1), instancetest.Noon, owner.Current())
	c := newClient(d.cli(t, io.Discard, io.Discard))
	list, err := c.List(t.Context(), bmo.InstanceFilter{})
	assert.NilError(t, err)
	return c, &list[0]
}

// TestForegroundEndsWithAService: an instance one of whose services has ended is useless, and is removed.
func TestForegroundEndsWithAService(t *testing.T) {
	d := newDocker(t)
	before := len(d.Objects())
	end := make(chan struct{})
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		p.Print("GET /", "out of memory")
		<-end
		return 1
	})
	var out, errOut bytes.Buffer
	close(end)
	err := foreground(t.Context(), d.cli(t, &out, &errOut), c, []*bmo.Instance{inst}, runOptions{stackOptions: stackOptions{progress: "plain"}})
	assert.Error(t, err, "service web ended with exit code 1")
	assert.Equal(t, out.String(), inst.URL+"\n")
	for _, line := range []string{"web | GET /", "web | out of memory", "#1 stop demo-1"} {
		assert.Assert(t, strings.Contains(errOut.String(), line+"\n"), errOut.String())
	}
	assert.Equal(t, len(d.Objects()), before+2) // the snapshot
}

// TestForegroundSaysTheAddressLast: after the output of services that start up, or it would scroll out of sight.
func TestForegroundSaysTheAddressLast(t *testing.T) {
	d := newDocker(t)
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		p.Print("starting", "listening", "GET /version 200")
		return p.UntilStopped(0)
	})
	list := []*bmo.Instance{inst}
	poll.WaitOn(t, func(poll.LogT) poll.Result { // an instance that is ready has printed something
		lines := 0
		assert.NilError(t, c.Logs(t.Context(), inst.Name, nil, bmo.LogOptions{}, func(bmo.LogLine) { lines++ }))
		if lines < 4 {
			return poll.Continue("not all lines are there")
		}
		return poll.Success()
	}, poll.WithDelay(time.Millisecond))
	ctx, cancel := context.WithCancelCause(t.Context())
	shown := &stopper{at: "Ctrl-C stops and removes it\n", stop: func() { cancel(interrupted{os.Interrupt}) }}
	err := foreground(ctx, d.cli(t, shown, shown), c, list, runOptions{stackOptions: stackOptions{quiet: true}})
	assert.Assert(t, errors.As(err, new(interrupted)), "%v", err)
	assert.Assert(t, strings.HasSuffix(shown.String(), inst.URL+"\ndemo-1 is ready; Ctrl-C stops and removes it\n"), shown)
	for _, line := range []string{"db | ready for connections\n", "web | starting\n", "web | listening\n", "web | GET /version 200\n"} {
		assert.Equal(t, strings.Count(shown.String(), line), 1, shown)
	}
}

// stopper keeps what is written to it, and calls stop when that ends with a given text.
type stopper struct {
	mu sync.Mutex
	strings.Builder
	at   string
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.Builder.Write(b)
	if strings.HasSuffix(s.Builder.String(), s.at) {
		s.stop()
	}
	return len(b), nil
}

func TestConfirmInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(interrupted{})
	silent, typed := io.Pipe() // nobody types anything
	defer typed.Close()
	var out bytes.Buffer
	ok, err := confirm(ctx, silent, &out, "Sure?")
	assert.Equal(t, err, interrupted{})
	assert.Assert(t, !ok)
	assert.Equal(t, out.String(), "Sure? [y/N] \n")
}

// TestR16ForegroundShowsLastWords: what services print when they are stopped is shown, after the display of the removal.
func TestR16ForegroundShowsLastWords(t *testing.T) {
	d := newDocker(t)
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		p.Print("GET /")
		p.Signal()
		p.Print("shutting down", "bye")
		return 0
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	shown := &stopper{at: "Ctrl-C stops and removes it\n", stop: func() { cancel(interrupted{os.Interrupt}) }}
	err := foreground(ctx, d.cli(t, shown, shown), c, []*bmo.Instance{inst}, runOptions{stackOptions: stackOptions{quiet: true}})
	assert.Assert(t, errors.As(err, new(interrupted)), "%v", err)
	assert.Assert(t, strings.Contains(shown.String(), "web | shutting down\nweb | bye\n"), shown)
}

// TestHeldLinesAreBounded: a service may print without an end while it is stopped.
func TestHeldLinesAreBounded(t *testing.T) {
	var out strings.Builder
	h := &heldLines{w: &out}
	h.hold()
	for n := range 10 * maxHeld {
		h.print(fmt.Sprintln(n))
		assert.Assert(t, len(h.lines) <= 2*maxHeld)
	}
	h.release()
	lines := strings.Split(out.String(), "\n")
	assert.Equal(t, len(lines), maxHeld+2)
	assert.Equal(t, lines[0], "9000 lines more, which `docker bmo logs` shows")
	assert.Equal(t, lines[1]+" "+lines[maxHeld], "9000 9999")
}
