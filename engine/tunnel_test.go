package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

func listening(port int, serve func(net.Conn)) enginetest.Program {
	return func(p *enginetest.Proc) int {
		p.Listen(port, serve)
		p.Print("listening")
		return p.UntilStopped(0)
	}
}

func TestDial(t *testing.T) {
	var ready waitWriter = make(chan struct{}, 1)
	_, e, p := started(t, listening(3306, func(c net.Conn) { _, _ = io.Copy(c, c) }), ready, nil)
	<-ready
	conn, err := e.Dial(t.Context(), p.ID, 3306)
	assert.NilError(t, err)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 10_000) // many frames
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, len(sent))
	_, err = io.ReadFull(conn, got)
	assert.NilError(t, err)
	assert.Assert(t, bytes.Equal(got, sent))
	assert.NilError(t, conn.Close())
	_, err = conn.Read(got)
	assert.Assert(t, err != nil)
}

// waitWriter signals that something was written.
type waitWriter chan struct{}

func (w waitWriter) Write(b []byte) (int, error) {
	w <- struct{}{}
	return len(b), nil
}

func TestDialNobodyListens(t *testing.T) {
	_, e, p := started(t, enginetest.Serve(), nil, nil)
	_, err := e.Dial(t.Context(), p.ID, 3306)
	assert.Error(t, err, "nothing listens on port 3306")
}

func TestDialEndedContainer(t *testing.T) {
	_, e, p := started(t, enginetest.Exit(0), nil, nil)
	<-p.Done()
	_, err := e.Dial(t.Context(), p.ID, 3306)
	assert.ErrorContains(t, err, "prepare a connection to port 3306: ")
	assert.ErrorContains(t, err, "is not running")
}

func TestDialServerHangsUp(t *testing.T) {
	var ready waitWriter = make(chan struct{}, 1)
	_, e, p := started(t, listening(80, func(c net.Conn) {
		_, _ = io.WriteString(c, "bye")
	}), ready, nil)
	<-ready
	conn, err := e.Dial(t.Context(), p.ID, 80)
	assert.NilError(t, err)
	got, err := io.ReadAll(conn)
	assert.NilError(t, err)
	assert.Equal(t, string(got), "bye")
}

func TestDialInterrupted(t *testing.T) {
	f, e, p := started(t, enginetest.Serve(), nil, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	f.Before("POST", "/exec/[^/]+/start", func(*http.Request) { cancel(stop) })
	_, err := e.Dial(ctx, p.ID, 80)
	assert.Assert(t, err != nil)
}

// The client of the Engine API ignores its context while it waits for a response that takes over the connection.
func TestDialEngineFallsSilent(t *testing.T) {
	f, e, p := started(t, enginetest.Serve(), nil, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	f.Before("POST", "/exec/[^/]+/start", func(*http.Request) {
		cancel(stop)
		<-t.Context().Done()
	})
	_, err := e.Dial(ctx, p.ID, 80)
	assert.ErrorIs(t, err, stop)
}

func TestRelayWaitsForTheWord(t *testing.T) {
	var ready waitWriter = make(chan struct{}, 1)
	dialed := make(chan struct{})
	_, e, p := started(t, listening(80, func(c net.Conn) {
		close(dialed)
		_, _ = io.Copy(c, c)
	}), ready, nil)
	<-ready
	r, err := e.Relay(t.Context(), p.ID, 80)
	assert.NilError(t, err)
	unused, err := e.Relay(t.Context(), p.ID, 80)
	assert.NilError(t, err)
	assert.NilError(t, unused.Close())
	select {
	case <-dialed:
		t.Fatal("the server was called before anybody wanted it")
	default:
	}
	conn, err := r.Connect(t.Context())
	assert.NilError(t, err)
	<-dialed
	_, err = io.WriteString(conn, "hello")
	assert.NilError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(conn, got)
	assert.NilError(t, err)
	assert.Equal(t, string(got), "hello")
	assert.NilError(t, conn.Close())
}
