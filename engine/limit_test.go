package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// deaf returns an engine that accepts connections and never answers.
func deaf(t *testing.T) *engine.Engine {
	t.Helper()
	dir, err := os.MkdirTemp("", "bmo")
	assert.NilError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	assert.NilError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	api, err := client.NewClientWithOpts(client.WithHost("unix://"+filepath.Join(dir, "s")), client.WithVersion("1.51"))
	assert.NilError(t, err)
	t.Cleanup(func() { _ = api.Close() })
	return engine.New(api)
}

// requests are one of each kind.
var requests = map[string]func(context.Context, *engine.Engine) error{
	"connect": func(ctx context.Context, e *engine.Engine) error { _, err := e.Connect(ctx); return err },
	"list":    func(ctx context.Context, e *engine.Engine) error { _, err := e.Containers(ctx); return err },
	"create": func(ctx context.Context, e *engine.Engine) error {
		_, err := e.CreateContainer(ctx, engine.ContainerSpec{Image: "x"})
		return err
	},
	"network": func(ctx context.Context, e *engine.Engine) error {
		_, err := e.CreateNetwork(ctx, "x", nil, 0)
		return err
	},
	"attach": func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Start(ctx, "x", os.Stdout, nil)
		return err
	},
	"wait":  func(ctx context.Context, e *engine.Engine) error { _, err := e.ExitCode(ctx, "x"); return err },
	"start": func(ctx context.Context, e *engine.Engine) error { _, err := e.Start(ctx, "x", nil, nil); return err },
	"exec": func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Exec(ctx, "x", engine.ExecSpec{})
		return err
	},
	"logs":   func(ctx context.Context, e *engine.Engine) error { return e.Logs(ctx, "x", true, nil, nil) },
	"remove": func(ctx context.Context, e *engine.Engine) error { return e.RemoveContainer(ctx, "x") },
	"stop":   func(ctx context.Context, e *engine.Engine) error { return e.StopContainer(ctx, "x", 0) },
	"build":  func(ctx context.Context, e *engine.Engine) error { _, err := e.BuildKit(ctx); return err },
	"copy":   func(ctx context.Context, e *engine.Engine) error { return e.WriteFiles(ctx, "x", "/", nil) },
	"read": func(ctx context.Context, e *engine.Engine) error {
		r, err := e.ReadArchive(ctx, "x", "/")
		if err == nil {
			r.Close()
		}
		return err
	},
	"save": func(ctx context.Context, e *engine.Engine) error { _, err := e.SaveImages(ctx, "x"); return err },
	"load": func(ctx context.Context, e *engine.Engine) error { return e.LoadImages(ctx, strings.NewReader("x")) },
	"import": func(ctx context.Context, e *engine.Engine) error {
		return e.ImportImage(ctx, "x:y", "", strings.NewReader("x"), nil)
	},
	"push": func(ctx context.Context, e *engine.Engine) error {
		return e.PushImage(ctx, "x/y:z", "x", engine.Credentials{}, nil)
	},
	"pull": func(ctx context.Context, e *engine.Engine) error {
		return e.PullImage(ctx, "x/y:z", "", "x", engine.Credentials{}, nil)
	},
	"size": func(ctx context.Context, e *engine.Engine) error { _, err := e.LayersSize(ctx); return err },
	"info": func(ctx context.Context, e *engine.Engine) error { _, err := e.Health(ctx); return err },
}

// TestR5SilentEngine: no request waits for good; the error says what was asked, and the exit code is the engine's.
func TestR5SilentEngine(t *testing.T) {
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			e := deaf(t)
			engine.SetLimits(e, 20*time.Millisecond, long)
			err := request(t.Context(), e)
			var silent *engine.SilentError
			assert.Assert(t, errors.As(err, &silent), "%v", err)
			assert.Assert(t, is.Contains(err.Error(), "has not answered within 20ms: "))
			assert.Assert(t, engine.IsFailure(err))
			assert.Assert(t, len(hint.All(err)) > 0)
		})
	}
}

// TestSilentUntilTheTimeIsUp: who asks may have less time than a request has, as when an instance is removed at the end.
func TestSilentUntilTheTimeIsUp(t *testing.T) {
	for name, request := range requests {
		if name == "create" || name == "network" {
			continue // what makes something goes on for a while
		}
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			err := request(ctx, deaf(t))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Assert(t, is.Contains(err.Error(), "has not answered before the time was up"))
			assert.Assert(t, !strings.Contains(err.Error(), "http://"), err)
			assert.Assert(t, len(hint.All(err)) > 0)
		})
	}
}

// TestR5EveryRequestHasALimit: a request of the client that has no method of limited would wait for good.
func TestR5EveryRequestHasALimit(t *testing.T) {
	// Not requests; and events come for as long as somebody follows.
	without := []string{"ClientVersion", "DaemonHost", "Close", "Events"}
	files, err := filepath.Glob("*.go")
	assert.NilError(t, err)
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		assert.NilError(t, err)
		if !strings.HasSuffix(f, "_test.go") {
			all.Write(text)
		}
	}
	calls := regexp.MustCompile(`\bapi\.([A-Z]\w*)\(`).FindAllStringSubmatch(all.String(), -1)
	assert.Assert(t, len(calls) > 30, "%d", len(calls))
	for _, call := range calls {
		limited := strings.Contains(all.String(), "func (a limited) "+call[1]+"(")
		assert.Check(t, limited || slices.Contains(without, call[1]), call[1])
	}
}

// flowing returns an engine that sends images as write does.
func flowing(t *testing.T, write func(send func())) *engine.Engine {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(func() {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
		})
	}))
	t.Cleanup(srv.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+srv.Listener.Addr().String()), client.WithVersion("1.51"))
	assert.NilError(t, err)
	t.Cleanup(func() { _ = api.Close() })
	return engine.New(api)
}

// TestR5FlowThatStops: a transfer may take as long as it does, and ends when nothing moves any more.
func TestR5FlowThatStops(t *testing.T) {
	const limit = 300 * time.Millisecond
	stalled := make(chan struct{})
	e := flowing(t, func(send func()) {
		for range 4 { // more than the limit in all
			send()
			time.Sleep(limit / 3)
		}
		<-stalled
	})
	t.Cleanup(func() { close(stalled) })
	engine.SetLimits(e, limit, long)
	r, err := e.SaveImages(t.Context(), "x")
	assert.NilError(t, err)
	defer r.Close()
	text, err := io.ReadAll(r)
	assert.Equal(t, string(text), "xxxx")
	var silent *engine.SilentError
	assert.Assert(t, errors.As(err, &silent), "%v", err)
}

// TestR5FlowThatIsHeldUp: the engine is not to blame when a pipe or a disk of ours holds a transfer up.
func TestR5FlowThatIsHeldUp(t *testing.T) {
	const limit = 50 * time.Millisecond
	more := make(chan struct{})
	e := flowing(t, func(send func()) {
		send()
		<-more
		send()
	})
	engine.SetLimits(e, limit, long)
	r, err := e.SaveImages(t.Context(), "x")
	assert.NilError(t, err)
	defer r.Close()
	time.Sleep(4 * limit)
	close(more)
	text, err := io.ReadAll(r)
	assert.NilError(t, err)
	assert.Equal(t, string(text), "xx")
}

// TestR5InterruptedIsNoSilence: an interrupt is one, whatever the engine does.
func TestR5InterruptedIsNoSilence(t *testing.T) {
	e := deaf(t)
	engine.SetLimits(e, long, long)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	e.OnSlow(func(string) func() { cancel(stop); return func() {} })
	engine.SetLimits(e, long, time.Nanosecond)
	_, err := e.Containers(ctx)
	assert.Assert(t, errors.Is(err, stop), "%v", err)
}

// TestR5SlowEngineIsSaid: what is waited for is said, and that it is over.
func TestR5SlowEngineIsSaid(t *testing.T) {
	f := enginetest.New(t)
	e := f.Engine(t)
	said, over := make(chan string), false
	e.OnSlow(func(text string) func() { said <- text; return func() { over = true } })
	engine.SetLimits(e, long, time.Nanosecond)
	f.Before("GET", "/networks", func(*http.Request) {
		assert.Check(t, is.Contains(<-said, "waiting for the engine at unix://"))
	})
	_, err := e.Networks(t.Context())
	assert.NilError(t, err)
	assert.Assert(t, over)
}

// broken returns an engine whose connections end when a request comes, or that refuses them.
func broken(t *testing.T, refuse bool) *engine.Engine {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	if refuse {
		_ = l.Close()
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1))
			_ = c.Close()
		}
	}()
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+l.Addr().String()), client.WithVersion("1.51"))
	assert.NilError(t, err)
	return engine.New(api)
}

// TestR11LostConnection: whichever request meets it, a lost connection is the engine's failure, with a hint, and no probe
// goes on.
func TestR11LostConnection(t *testing.T) {
	for name, request := range requests {
		for _, refuse := range []bool{false, true} {
			err := engine.Lost(request(t.Context(), broken(t, refuse)))
			assert.Assert(t, engine.IsFailure(err), "%s: %v", name, err)
			assert.Assert(t, len(hint.All(err)) > 0, "%s: %v", name, err)
			var final interface{ Final() bool }
			assert.Assert(t, name == "connect" || errors.As(err, &final) && final.Final(), "%s: %v", name, err)
		}
	}
}
