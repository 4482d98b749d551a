package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// long is a timeout that no test reaches unless something hangs.
const long = time.Minute

// started makes a fake engine and starts a container that runs the program on it.
func started(t *testing.T, program enginetest.Program, out, errOut io.Writer) (*enginetest.Fake, *engine.Engine, *engine.Process) {
	t.Helper()
	f, e := newFake(t)
	f.SetPrograms(func(enginetest.Spec) enginetest.Program { return program })
	p, err := e.Start(t.Context(), create(t, e, engine.ContainerSpec{Name: "c"}), out, errOut)
	assert.NilError(t, err)
	return f, e, p
}

func TestStory18OutputOfShortLivedContainersIsComplete(t *testing.T) {
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d", i)
	}
	var out, errOut bytes.Buffer
	f, _, p := started(t, func(p *enginetest.Proc) int {
		p.Print(lines...)
		fmt.Fprint(p.Stderr, "no end of line")
		return 3
	}, &out, &errOut)
	code, err := p.Wait(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, code, 3)
	assert.Equal(t, out.String(), strings.Join(lines, "\n")+"\n")
	assert.Equal(t, errOut.String(), "no end of line")

	// Attached and waited for before the start; otherwise the test would pass by luck.
	var order []string
	for _, r := range f.Requests() {
		if i := strings.LastIndexByte(r, '/'); strings.HasPrefix(r, "POST /containers/") {
			order = append(order, r[i+1:])
		}
	}
	assert.DeepEqual(t, order, []string{"create", "attach", "wait", "start"})
}

func TestStartWithoutOutput(t *testing.T) {
	f, _, p := started(t, enginetest.Exit(0, "unheard"), nil, nil)
	code, err := p.Wait(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, code, 0)
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/attach"), 0)
}

func TestStartWithOneOutput(t *testing.T) {
	var out bytes.Buffer
	_, _, p := started(t, enginetest.Exit(0, "heard"), &out, nil)
	_, err := p.Wait(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, out.String(), "heard\n")
}

func TestStartFails(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "c"})
	f.Fail("POST", "/containers/[^/]+/start", 500, "exec format error", 1)
	var out bytes.Buffer
	_, err := e.Start(t.Context(), id, &out, &out)
	assert.ErrorContains(t, err, "start container: ")
	assert.ErrorContains(t, err, "exec format error")
	// A start is retried on other ports; each attempt must close its streams.
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if n := f.Streams(); n > 0 {
			return poll.Continue("%d streams are open", n)
		}
		return poll.Success()
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(long))
}

func TestStartWithoutAttach(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "c"})
	f.Fail("POST", "/containers/[^/]+/attach", 500, "no", 1)
	_, err := e.Start(t.Context(), id, io.Discard, nil)
	assert.ErrorContains(t, err, "attach to container")
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/start"), 0)
}

// TestStartWithoutWait: a container whose end would not be noticed is not started.
func TestStartWithoutWait(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "c"})
	f.Fail("POST", "/containers/[^/]+/wait", 500, "no waiting", 1)
	_, err := e.Start(t.Context(), id, nil, nil)
	assert.ErrorContains(t, err, "no waiting")
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/start"), 0)
}

func TestWatchingEndsWithItsContext(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "c"})
	ctx, cancel := context.WithCancelCause(t.Context())
	p, err := e.Start(ctx, id, io.Discard, nil)
	assert.NilError(t, err)
	stop := errors.New("enough")
	cancel(stop)
	_, err = p.Wait(ctx)
	assert.Assert(t, err != nil)
	<-p.Done()
	c, _ := f.Container("c")
	assert.Equal(t, c.State, "running")
}

func TestWaitEndsWithItsContext(t *testing.T) {
	_, _, p := started(t, enginetest.Serve(), nil, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	_, err := p.Wait(ctx)
	assert.ErrorIs(t, err, stop)
}

func TestStop(t *testing.T) {
	_, _, p := started(t, func(p *enginetest.Proc) int { return p.UntilStopped(4) }, nil, nil)
	code, killed, err := p.Stop(t.Context(), long)
	assert.NilError(t, err)
	assert.Equal(t, code, 4)
	assert.Assert(t, !killed)
}

func TestStopOfWhatHasEnded(t *testing.T) {
	_, _, p := started(t, enginetest.Exit(5), nil, nil)
	<-p.Done()
	code, killed, err := p.Stop(t.Context(), long)
	assert.NilError(t, err)
	assert.Equal(t, code, 5)
	assert.Assert(t, !killed)
}

func TestStopKills(t *testing.T) {
	f, _, p := started(t, enginetest.Stubborn(), nil, nil)
	code, killed, err := p.Stop(t.Context(), time.Millisecond)
	assert.NilError(t, err)
	assert.Equal(t, code, 137)
	assert.Assert(t, killed)
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/kill"), 2)
}

// TestStopAtTheLastMoment: a container that ends by itself between the timeout and the kill was not killed, and its
// exit code counts.
func TestStopAtTheLastMoment(t *testing.T) {
	end := make(chan struct{})
	f, _, p := started(t, func(*enginetest.Proc) int { <-end; return 0 }, nil, nil)
	f.Before("POST", "/containers/[^/]+/kill", func(r *http.Request) {
		if r.URL.Query().Get("signal") == "KILL" {
			close(end)
			<-p.Done()
		}
	})
	code, killed, err := p.Stop(t.Context(), time.Millisecond)
	assert.NilError(t, err)
	assert.Equal(t, code, 0)
	assert.Assert(t, !killed)
}

func TestStopInterrupted(t *testing.T) {
	f, _, p := started(t, enginetest.Stubborn(), nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	f.After("POST", "/containers/[^/]+/kill", func(*http.Request) { cancel() })
	_, _, err := p.Stop(ctx, long)
	assert.ErrorIs(t, err, context.Canceled)
	c, _ := f.Container("c")
	assert.Equal(t, c.State, "running")
}

func TestSignal(t *testing.T) {
	for _, c := range []struct{ own, sent, want string }{
		{"", "", "TERM"},
		{"SIGQUIT", "", "QUIT"},
		{"SIGQUIT", "HUP", "HUP"},
	} {
		f, e := newFake(t)
		got := make(chan string, 1)
		f.SetPrograms(func(enginetest.Spec) enginetest.Program {
			return func(p *enginetest.Proc) int { got <- p.Signal(); return 0 }
		})
		id := create(t, e, engine.ContainerSpec{Name: "c", StopSignal: c.own})
		_, err := e.Start(t.Context(), id, nil, nil)
		assert.NilError(t, err)
		assert.NilError(t, e.Signal(t.Context(), id, c.sent))
		assert.Equal(t, <-got, c.want)
	}
}

func TestStopContainer(t *testing.T) {
	for name, program := range map[string]enginetest.Program{"willing": enginetest.Serve(), "stubborn": enginetest.Stubborn()} {
		t.Run(name, func(t *testing.T) {
			f, e, p := started(t, program, nil, nil)
			assert.NilError(t, e.StopContainer(t.Context(), p.ID, long))
			<-p.Done()
			c, _ := f.Container("c")
			assert.Equal(t, c.State, "exited")
			assert.NilError(t, e.StopContainer(t.Context(), p.ID, long))
		})
	}
}

func TestLogs(t *testing.T) {
	printed, end := make(chan struct{}), make(chan struct{})
	_, e, p := started(t, func(p *enginetest.Proc) int {
		p.Print("one")
		fmt.Fprintln(p.Stderr, "two")
		close(printed)
		<-end
		p.Print("three")
		return 0
	}, nil, nil)
	<-printed
	var out, errOut bytes.Buffer
	assert.NilError(t, e.Logs(t.Context(), p.ID, false, &out, &errOut))
	assert.Equal(t, out.String()+"|"+errOut.String(), "one\n|two\n")

	close(end)
	out.Reset()
	assert.NilError(t, e.Logs(t.Context(), p.ID, true, &out, nil))
	assert.Equal(t, out.String(), "one\nthree\n")
	assert.ErrorContains(t, e.Logs(t.Context(), "gone", true, nil, nil), "read logs of container gone")
}
