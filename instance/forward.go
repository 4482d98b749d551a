package instance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Forward forwards a port of this machine's loopback interface to a container's port on an engine elsewhere. Nothing is
// published there: every connection goes through the Engine API. The port is taken as soon as it is chosen, so that an
// application can be told its address before it starts.
type Forward struct {
	listener net.Listener
	failed   func(error)
	spare    chan prepared
	also     []*Forward // other forwards of the same instance, which end with this one
	release  func()     // called when all connections have ended; may be nil

	ctx    context.Context // done after Close
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// prepared is a connection that only has to be opened, or the reason why there is none.
type prepared struct {
	connector
	err error
}

// connector is an engine.Prepared.
type connector interface {
	Connect(context.Context) (net.Conn, error)
	Err() error
	Close() error
}

// spares is how many connections are prepared in advance. An exec takes some 0.1 s, and 0.5 s with the login of an ssh
// client before it. Many at the same time do not help: an ssh server rejects clients when ten are still logging in
// (MaxStartups in sshd_config).
const spares = 3

// prepareTimeout limits the preparation of one connection. An ssh client alone may take half of it before it gives up.
const prepareTimeout = time.Minute

// listen takes a port, 0 for any free one. failed, if not nil, is called with the reason why a connection could not be
// made.
func listen(port int, failed func(error)) (*Forward, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(engine.Loopback, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("forward a port to the engine: %w", err)
	}
	f := &Forward{listener: l, failed: failed, spare: make(chan prepared)}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f, nil
}

func (f *Forward) port() int { return f.listener.Addr().(*net.TCPAddr).Port }

// Close releases the port and ends all connections. Close of a nil Forward does nothing.
func (f *Forward) Close() {
	if f == nil {
		return
	}
	f.cancel()
	f.listener.Close()
	f.work.Wait()
	if f.release != nil {
		f.release()
	}
	for _, other := range f.also {
		other.Close()
	}
}

// serve begins to accept connections. Those made earlier have waited in the listener's queue.
func (f *Forward) serve(prepare func(context.Context) (connector, error)) {
	for range spares {
		f.work.Go(func() { f.prepare(prepare) })
	}
	f.work.Go(func() {
		for {
			c, err := f.listener.Accept()
			if err != nil {
				f.report(err)
				return
			}
			f.work.Go(func() { f.take(c) })
		}
	})
}

func (f *Forward) report(err error) {
	if f.failed != nil && f.ctx.Err() == nil {
		f.failed(fmt.Errorf("forward %s to the engine: %w", f.listener.Addr(), err))
	}
}

// prepare keeps one connection prepared.
func (f *Forward) prepare(prepare func(context.Context) (connector, error)) {
	for {
		ctx, cancel := context.WithTimeout(f.ctx, prepareTimeout)
		c, err := prepare(ctx)
		cancel()
		select {
		case f.spare <- prepared{c, err}:
		case <-f.ctx.Done():
			if err == nil {
				c.Close()
			}
			return
		}
	}
}

// take serves one client.
func (f *Forward) take(client net.Conn) {
	defer client.Close()
	server, err := f.connect()
	if err != nil {
		f.report(err)
		return
	}
	defer context.AfterFunc(f.ctx, func() {
		client.Close()
		server.Close()
	})()
	relay(client, server)
}

// connect opens the next connection. A prepared one may have been lost since, or may never have existed because the
// engine could not be reached at the time; so a failure counts only after more attempts than there are prepared
// connections.
func (f *Forward) connect() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(f.ctx, prepareTimeout)
	defer cancel()
	var err error
	for range spares + 1 {
		select {
		case p := <-f.spare:
			if err = p.err; err != nil {
				continue
			}
			if err = p.Err(); err == nil {
				return p.Connect(ctx)
			}
			p.Close()
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
	return nil, err
}
