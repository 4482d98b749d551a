package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/client"
	controlapi "github.com/moby/buildkit/api/services/control"
	gatewayapi "github.com/moby/buildkit/frontend/gateway/pb"
	"google.golang.org/grpc"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

// mute is a BuildKit that never answers one of its methods, and never comes to the end of a build.
type mute struct {
	control
	method string
	asked  chan struct{}
}

// muteBridge is the part of it that a build speaks to.
type muteBridge struct {
	gatewayapi.UnimplementedLLBBridgeServer
	mute mute
}

func (m mute) hear(ctx context.Context, method string) {
	if m.method == method {
		close(m.asked)
		<-ctx.Done()
	}
}

func (m mute) DiskUsage(ctx context.Context, _ *controlapi.DiskUsageRequest) (*controlapi.DiskUsageResponse, error) {
	m.hear(ctx, "DiskUsage")
	return &controlapi.DiskUsageResponse{}, nil
}

func (m mute) ListWorkers(ctx context.Context, _ *controlapi.ListWorkersRequest) (*controlapi.ListWorkersResponse, error) {
	m.hear(ctx, "ListWorkers")
	return &controlapi.ListWorkersResponse{}, nil
}

// Ping is how a build begins.
func (b muteBridge) Ping(ctx context.Context, _ *gatewayapi.PingRequest) (*gatewayapi.PongResponse, error) {
	b.mute.hear(ctx, "Ping")
	return &gatewayapi.PongResponse{}, nil
}

func (m mute) Solve(ctx context.Context, _ *controlapi.SolveRequest) (*controlapi.SolveResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// held is a connection through which nothing comes any more once held is set.
type held struct {
	net.Conn
	held *atomic.Bool
}

func (c held) Write(p []byte) (int, error) {
	if c.held.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// served returns an engine with that BuildKit, nothing of which arrives once cut is set.
func served(t *testing.T, m mute, cut *atomic.Bool) *engine.Engine {
	t.Helper()
	conns := make(chan net.Conn, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		assert.Check(t, err)
		_, err = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		assert.Check(t, err)
		if strings.HasSuffix(r.URL.Path, "/grpc") {
			conns <- held{conn, cut}
		}
	}))
	t.Cleanup(s.Close)
	srv := grpc.NewServer()
	controlapi.RegisterControlServer(srv, m)
	gatewayapi.RegisterLLBBridgeServer(srv, muteBridge{mute: m})
	go func() { _ = srv.Serve(one{s.Listener, conns}) }()
	t.Cleanup(func() { close(conns); srv.Stop() })
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+s.Listener.Addr().String()), client.WithVersion("1.51"))
	assert.NilError(t, err)
	t.Cleanup(func() { _ = api.Close() })
	return engine.New(api)
}

// TestR5SilentBuildKit: what is asked of BuildKit has its limits, too, once the connection to it is open.
func TestR5SilentBuildKit(t *testing.T) {
	seal := func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Seal(ctx, "linux/amd64", engine.SealSpec{Layers: "x", Config: "x", Name: "x"})
		return err
	}
	platform := func(ctx context.Context, e *engine.Engine) error {
		return e.RunsPlatform(ctx, engine.Info{OS: "linux", Arch: "amd64"}, "linux/riscv64")
	}
	for method, request := range map[string]func(context.Context, *engine.Engine) error{"DiskUsage": seal, "Ping": seal, "ListWorkers": platform} {
		t.Run(method, func(t *testing.T) {
			e := served(t, mute{method: method, asked: make(chan struct{})}, &atomic.Bool{})
			engine.SetLimits(e, 300*time.Millisecond, long)
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			err := request(ctx, e)
			var silent *engine.SilentError
			assert.Assert(t, errors.As(err, &silent), "%v", err)
			assert.Assert(t, engine.IsFailure(err))
		})
	}
}

// TestR5BuildKitThatIsGone: a connection that nothing arrives through any more ends in the middle of a build. gRPC asks after
// 10 seconds at the earliest.
func TestR5BuildKitThatIsGone(t *testing.T) {
	engine.SetPings(t, time.Second, time.Second)
	m, cut := mute{method: "DiskUsage", asked: make(chan struct{})}, &atomic.Bool{}
	e := served(t, m, cut)
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	go func() {
		<-m.asked
		cut.Store(true)
	}()
	bk, err := e.BuildKit(ctx)
	assert.NilError(t, err)
	defer bk.Close()
	_, err = bk.DiskUsage(ctx)
	assert.Assert(t, engine.IsFailure(engine.Lost(err)), "%v", err)
}
