package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"
)

// Dial opens a TCP connection to a port of a running container, whether it is published or not, wherever the engine is
// and whatever the image has in it. Which way it takes is found out once for a container; see reach.
func (e *Engine) Dial(ctx context.Context, id string, port int) (net.Conn, error) {
	r := e.reach(id)
	c, err := r.dial(ctx, port, outside)
	if err == nil || !refused(err) || !r.patienceEnds(port) {
		return c, err
	}
	return r.dialInside(ctx, port, err)
}

// Prepared is a connection that only has to be opened. Whoever has one must connect or close it.
type Prepared interface {
	// Connect opens the connection. If it fails, there is nothing to close.
	Connect(context.Context) (net.Conn, error)
	// Err returns why it can no longer be opened, or nil.
	Err() error
	Close() error
}

// Relay is the first and, on an engine elsewhere, longer half of Dial.
func (e *Engine) Relay(ctx context.Context, id string, port int) (Prepared, error) {
	return e.reach(id).prepare(ctx, port, outside)
}

// Release forgets how a container is reached, and removes what was made for it on the engine. It goes on when ctx is
// done. What it cannot remove carries the labels of whom the container belongs to, and goes with the rest.
func (e *Engine) Release(ctx context.Context, id string) {
	e.reaches.Lock()
	r := e.reaches.of[id]
	delete(e.reaches.of, id)
	e.reaches.Unlock()
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), helperTimeout)
	defer cancel()
	r.helper.remove(ctx)
}

// reaches are those of the containers that are in use.
type reaches struct {
	sync.Mutex
	of map[string]*reach
	// bare are the images that are known to have no bash, by identifier.
	bare map[string]bool
}

func (r *reaches) isBare(image string) bool {
	r.Lock()
	defer r.Unlock()
	return r.bare[image]
}

func (r *reaches) setBare(image string) {
	r.Lock()
	defer r.Unlock()
	if r.bare == nil {
		r.bare = map[string]bool{}
	}
	r.bare[image] = true
}

func (e *Engine) reach(id string) *reach {
	e.reaches.Lock()
	defer e.reaches.Unlock()
	if e.reaches.of == nil {
		e.reaches.of = map[string]*reach{}
	}
	if e.reaches.of[id] == nil {
		e.reaches.of[id] = newReach(e, id)
	}
	return e.reaches.of[id]
}

// reach is how the ports of one container are reached. From the best to the last resort:
//
//   - its address on its network, where that network's bridge is an interface of this machine
//   - a published port, where the engine's loopback interface is this machine's
//   - bash in the container
//   - bash in another container of the same network, which connects to the container's address
//   - a program of ours in a container that shares the network of this one
//
// A way that turns out not to exist is not tried again.
type reach struct {
	e      *Engine
	id     string
	helper *helper
	// first is held by whoever finds out whether a way exists, so that nobody else has to.
	first chan struct{}

	mu     sync.Mutex
	ways   []way // those that may exist, best first
	looked bool
	proven map[way]bool // those that do
	tried  []string     // those that do not, and why
	// since is from when on a port has refused connections, inner whether it accepts them on the loopback interface only.
	since map[int]time.Time
	inner map[int]bool
}

// way is one way to a container's ports.
type way interface {
	// String names the way, for errors.
	String() string
	// serves reports whether it leads to a port.
	serves(port int) bool
	// inside reports whether it ends on the container's loopback interface.
	inside() bool
	// prepare returns a *noWayError if the way does not exist.
	prepare(ctx context.Context, port int) (Prepared, error)
}

// noWayError reports that a way does not exist.
type noWayError struct{ error }

func (n *noWayError) Unwrap() error { return n.error }

func newReach(e *Engine, id string) *reach {
	return &reach{
		e: e, id: id, helper: &helper{e: e, of: id}, first: make(chan struct{}, 1),
		proven: map[way]bool{}, since: map[int]time.Time{}, inner: map[int]bool{},
	}
}

// look asks the engine where the container is, and makes the list of ways.
func (r *reach) look(ctx context.Context) error {
	r.mu.Lock()
	looked := r.looked
	r.mu.Unlock()
	if looked {
		return nil
	}
	c, err := r.e.api.ContainerInspect(ctx, r.id)
	if err != nil {
		return Plain(err)
	}
	if c.State == nil || !c.State.Running {
		return fmt.Errorf("container %s is not running", r.id)
	}
	ways := r.e.waysTo(r, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.looked {
		r.ways, r.looked = ways, true
	}
	return nil
}

// waysTo returns the ways that a container may have.
func (e *Engine) waysTo(r *reach, c container.InspectResponse) []way {
	var ways []way
	local, end := e.Local(), endpointOf(c)
	if local && end.IPAddress != "" && bridgeHere(end.NetworkID, end.Gateway) {
		ways = append(ways, &direct{r: r, address: end.IPAddress})
	}
	if ports := publishedPorts(c); local && len(ports) > 0 {
		ways = append(ways, &direct{r: r, ports: ports})
	}
	if !e.reaches.isBare(c.Image) {
		ways = append(ways, &ownBash{e, c.ID, c.Image})
	}
	if end.IPAddress != "" {
		ways = append(ways, &otherBash{e: e, target: c, network: end.NetworkID, address: end.IPAddress})
	}
	return append(ways, r.helper)
}

// outside and inside choose among ways.
func outside(way) bool  { return true }
func inside(w way) bool { return w.inside() }

// prepare prepares a connection by the best way that exists.
func (r *reach) prepare(ctx context.Context, port int, which func(way) bool) (Prepared, error) {
	if err := r.look(ctx); err != nil {
		return nil, fmt.Errorf("prepare a connection to port %d: %w", port, err)
	}
	for {
		w, err := r.way(port, which)
		if err != nil {
			return nil, err
		}
		p, err := r.prepareBy(ctx, w, port)
		var none *noWayError
		switch {
		case errors.As(err, &none):
			r.drop(w, none)
		case err != nil:
			return nil, fmt.Errorf("prepare a connection to port %d: %w", port, err)
		default:
			return p, nil
		}
	}
}

// prepareBy prepares a connection by one way. While it is not known to exist, one at a time tries.
func (r *reach) prepareBy(ctx context.Context, w way, port int) (Prepared, error) {
	if !r.isProven(w) {
		select {
		case r.first <- struct{}{}:
			defer func() { <-r.first }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !r.has(w) {
			return nil, &noWayError{errors.New("found out meanwhile")}
		}
	}
	p, err := w.prepare(ctx, port)
	if err == nil {
		r.mu.Lock()
		r.proven[w] = true
		r.mu.Unlock()
	}
	return p, err
}

func (r *reach) isProven(w way) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proven[w]
}

func (r *reach) has(w way) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.ways, w)
}

// way returns the best way to a port.
func (r *reach) way(port int, which func(way) bool) (way, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inner[port] {
		which = inside
	}
	for _, w := range r.ways {
		if which(w) && w.serves(port) {
			return w, nil
		}
	}
	return nil, &NoWayError{Tried: slices.Clone(r.tried)}
}

// drop takes a way out of the list. Others may have done so already.
func (r *reach) drop(w way, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.ways, w)
	if i < 0 {
		return
	}
	r.ways = slices.Delete(r.ways, i, i+1)
	r.tried = append(r.tried, fmt.Sprintf("%s: %v", w, why))
}

func (r *reach) dial(ctx context.Context, port int, which func(way) bool) (net.Conn, error) {
	p, err := r.prepare(ctx, port, which)
	if err != nil {
		return nil, err
	}
	c, err := p.Connect(ctx)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.since, port)
	}
	return c, err
}

// insideAfter is how long a port may refuse connections before it is looked for on the container's loopback interface,
// where a server may listen that is only there for its own container.
var insideAfter = 3 * time.Second

// patienceEnds reports whether it is time to look for a port that refuses connections on the loopback interface. It is
// time again after as long.
func (r *reach) patienceEnds(port int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	since, refused := r.since[port]
	if refused && now.Sub(since) < insideAfter {
		return false
	}
	r.since[port] = now
	return refused && !r.inner[port]
}

// dialInside connects to a port on the container's loopback interface, unless it has come up outside meanwhile.
func (r *reach) dialInside(ctx context.Context, port int, why error) (net.Conn, error) {
	in, err := r.dial(ctx, port, inside)
	if err != nil {
		return nil, why
	}
	if out, err := r.dial(ctx, port, outside); err == nil {
		in.Close()
		return out, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inner[port] = true
	return in, nil
}

// refused reports whether a connection failed because nothing listens at an address.
func refused(err error) bool {
	var nobody *nobodyListensError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &nobody)
}

// NoWayError reports that a container's port can never be reached.
type NoWayError struct{ Tried []string }

func (e *NoWayError) Error() string { return "it cannot be asked: " + strings.Join(e.Tried, "; ") }

// Hint says what to do about it.
func (e *NoWayError) Hint() string {
	return "bash and cat in the image are a way to its ports that every engine has"
}

// Final reports that waiting is of no use.
func (e *NoWayError) Final() bool { return true }
