package engine_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	controlapi "github.com/moby/buildkit/api/services/control"
	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"google.golang.org/grpc"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// TestBuildKitRefused: a proxy that lets no /grpc through is named, and so is what it has to let through.
func TestBuildKitRefused(t *testing.T) {
	f := enginetest.New(t)
	f.Fail("POST", "/grpc", http.StatusForbidden, "Forbidden", 1)
	_, err := f.Engine(t).BuildKit(t.Context())
	assert.ErrorContains(t, err, "answers a request for /grpc, by which BuildKit is reached, with status 403")
	var unusable *engine.UnusableError
	assert.Assert(t, errors.As(err, &unusable))
	assert.Assert(t, engine.IsFailure(err))
	assert.ErrorContains(t, errors.New(unusable.Hint()), "POST /grpc and /session")
}

// TestSessionRefused: BuildKit's client knows of a session that could not be opened only a text.
func TestSessionRefused(t *testing.T) {
	for text, want := range map[string]string{
		"unix:///run/x.sock answers a request for /session, by which BuildKit is reached, with status 500": "with status 500",
		"what answers at unix:///run/x.sock is not a docker engine, or not always: open /session":          "is not a docker engine",
		"the docker engine at unix:///run/x.sock has not answered within 1m0s: open /session":              "within 1m0s",
	} {
		err := engine.Lost(errors.New("image of web: failed to dial gRPC: " + text))
		assert.ErrorContains(t, err, want)
		assert.Assert(t, engine.IsFailure(err), "%v", err)
		assert.Assert(t, len(hint.All(err)) > 0, "%v", err)
	}
}

// control is a BuildKit that has nothing to do.
type control struct {
	controlapi.UnimplementedControlServer
}

func (control) Solve(context.Context, *controlapi.SolveRequest) (*controlapi.SolveResponse, error) {
	return &controlapi.SolveResponse{}, nil
}

func (control) Status(*controlapi.StatusRequest, controlapi.Control_StatusServer) error { return nil }

// one is a listener of one connection.
type one struct {
	net.Listener
	conn chan net.Conn
}

func (l one) Accept() (net.Conn, error) {
	if c, ok := <-l.conn; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// TestSilentSession: BuildKit's client ends a session, with an error as if somebody had interrupted it, that the engine
// has not opened when all is done. Nobody has.
func TestSilentSession(t *testing.T) {
	conns, over := make(chan net.Conn, 1), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/session") {
			<-over
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		assert.Check(t, err)
		_, err = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		assert.Check(t, err)
		conns <- conn
	}))
	defer s.Close()
	defer close(over)
	srv := grpc.NewServer()
	controlapi.RegisterControlServer(srv, control{})
	go func() { _ = srv.Serve(one{s.Listener, conns}) }()
	defer srv.Stop()
	defer close(conns)

	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+s.Listener.Addr().String()), client.WithVersion("1.51"))
	assert.NilError(t, err)
	defer api.Close()
	bk, err := engine.New(api).BuildKit(t.Context())
	assert.NilError(t, err)
	defer bk.Close()
	nothing, err := llb.Scratch().Marshal(t.Context())
	assert.NilError(t, err)
	_, err = bk.Solve(t.Context(), nothing, bkclient.SolveOpt{}, nil)
	assert.ErrorContains(t, err, "has not answered within 3.")
	assert.Assert(t, engine.IsFailure(engine.Lost(err)), "%v", err)
	assert.Assert(t, !errors.Is(err, context.Canceled), "%v", err)
}
