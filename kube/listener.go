package kube

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// forward leads a port of this machine's loopback interface to one of a Pod. It is taken before there is a Pod, so that the
// application can be told its address; connections wait until then.
type forward struct {
	net.Listener
	port int // of the Pod
	warn func(error)

	work sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool
}

// Ports are picked from the same range as on an engine, below the one that Linux takes ports of outgoing connections from.
const firstPort, lastPort, portTries = 20000, 32000, 50

// listen takes a port of this machine, any free one for 0.
func listen(public, port int, warn func(error)) (*forward, error) {
	f := &forward{port: port, warn: warn, open: map[net.Conn]bool{}}
	var err error
	for range portTries {
		at := public
		if at == 0 {
			at = firstPort + rand.IntN(lastPort-firstPort)
		}
		f.Listener, err = net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(at)))
		if err == nil {
			return f, nil
		}
		if public != 0 {
			return nil, hint.Wrap(fmt.Errorf("port %d on %s is taken", public, loopback), "choose another port, or leave it out to have a free one picked")
		}
	}
	return nil, err
}

// Public is the port of this machine.
func (f *forward) Public() int { return f.Addr().(*net.TCPAddr).Port }

// serve leads connections through the tunnel, until Close.
func (f *forward) serve(t *tunnel) {
	f.work.Go(func() {
		for {
			client, err := f.Accept()
			if err != nil {
				return
			}
			f.work.Go(func() { f.lead(client, t) })
		}
	})
}

func (f *forward) lead(client net.Conn, t *tunnel) {
	defer client.Close()
	server, err := t.Dial(context.Background(), f.port)
	if err == nil && !f.keep(client, server) {
		return
	}
	if err == nil {
		defer f.forget(client, server)
		relay(client, server)
		if s, ok := server.(interface{ failure() error }); ok {
			err = s.failure()
		}
	}
	if err != nil && f.warn != nil {
		f.warn(fmt.Errorf("connection through %s: %w", f.Addr(), err))
	}
}

// keep notes open connections, so that Close ends them; it reports whether that has not been called yet.
func (f *forward) keep(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.open == nil {
			c.Close()
			continue
		}
		f.open[c] = true
	}
	return f.open != nil
}

func (f *forward) forget(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(f.open, c)
	}
}

// Close gives the port back and ends all connections.
func (f *forward) Close() error {
	err := f.Listener.Close()
	f.mu.Lock()
	for c := range f.open {
		c.Close()
	}
	f.open = nil
	f.mu.Unlock()
	f.work.Wait()
	return err
}

// relay copies in both directions until both have ended.
func relay(client, server net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		closeWrite(server)
	}()
	_, err := io.Copy(client, server)
	closeWrite(client)
	if err != nil {
		client.Close()
	}
	<-done
}

func closeWrite(c net.Conn) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}
