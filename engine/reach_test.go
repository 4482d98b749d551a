package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// neighbours is an engine with containers on one network, of an image with bash and of one without.
type neighbours struct {
	*enginetest.Fake
	e   *engine.Engine
	net string
}

func newNeighbours(t *testing.T) *neighbours {
	t.Helper()
	n := &neighbours{Fake: enginetest.New(t)}
	n.e = n.Engine(t)
	n.AddImage(enginetest.Image{Tags: []string{"full:1"}})
	n.AddImage(enginetest.Image{Tags: []string{"bare:1"}, Bare: true})
	var err error
	n.net, err = n.AddNetwork("net", nil)
	assert.NilError(t, err)
	n.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		return func(p *enginetest.Proc) int {
			p.Listen(80, func(c net.Conn) { _, _ = io.WriteString(c, "this is "+s.Name) })
			return p.UntilStopped(0)
		}
	})
	return n
}

// start starts a container and returns its identifier.
func (n *neighbours) start(t *testing.T, s engine.ContainerSpec) string {
	t.Helper()
	s.Network = n.net
	s.Labels = map[string]string{
		label.Role: label.RoleInstance, label.Instance: "i", label.Service: s.Name, label.Owner: "me", label.Lead: "true",
		label.URL: "http://x", "own": "label",
	}
	id, err := n.e.CreateContainer(t.Context(), s)
	assert.NilError(t, err)
	_, err = n.e.Start(t.Context(), id, nil, nil)
	assert.NilError(t, err)
	return id
}

// says returns what the server at port 80 of a container says.
func (n *neighbours) says(t *testing.T, id string) string {
	t.Helper()
	c, err := n.e.Dial(t.Context(), id, 80)
	assert.NilError(t, err)
	defer c.Close()
	b, err := io.ReadAll(c)
	assert.NilError(t, err)
	return string(b)
}

const (
	execs   = "/containers/[^/]+/exec"
	creates = "/containers/create"
)

// TestReachP4WithoutBash: by a container next to it, which is made once and goes when it is no longer needed.
func TestReachP4WithoutBash(t *testing.T) {
	n := newNeighbours(t)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	for range 3 {
		assert.Equal(t, n.says(t, id), "this is web")
	}
	assert.Equal(t, n.Count("POST", execs), 1+3) // bash has been tried once
	assert.Equal(t, n.Count("POST", creates), 2)

	all, err := n.e.Containers(t.Context(), label.Instance+"=i")
	assert.NilError(t, err)
	assert.Equal(t, len(all), 2)
	for _, c := range all {
		if c.ID != id {
			assert.Assert(t, strings.HasPrefix(c.Name, "web-relay-"), c.Name)
			assert.DeepEqual(t, c.Labels, map[string]string{
				label.Role: label.RoleInstance, label.Instance: "i", label.Owner: "me", label.Relay: id,
				label.Service: "", // and not that of the image
			})
		}
	}
	n.e.Release(t.Context(), id)
	all, err = n.e.Containers(t.Context(), label.Instance+"=i")
	assert.NilError(t, err)
	assert.Equal(t, len(all), 1)
	n.e.Release(t.Context(), id)
}

// TestReachP4ByAnother: a container next to it has bash, so nothing has to be made.
func TestReachP4ByAnother(t *testing.T) {
	n := newNeighbours(t)
	other := n.start(t, engine.ContainerSpec{Name: "db", Image: "full:1"})
	n.start(t, engine.ContainerSpec{Name: "cache", Image: "bare:1"})
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.Count("POST", execs), 1+2) // that cache has no bash is known from web, of the same image
	assert.Equal(t, n.Count("POST", creates), 3)

	// It ends: then a relay is made.
	assert.NilError(t, n.e.RemoveContainer(t.Context(), other))
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.Count("POST", creates), 4)
}

// TestReachByBash: a container with bash needs nothing else.
func TestReachByBash(t *testing.T) {
	n := newNeighbours(t)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "full:1"})
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.Count("POST", execs), 1)
	assert.Equal(t, n.Count("POST", creates), 1)
}

// TestReachByPublishedPort: what accepts there is a proxy, and the connection says so.
func TestReachByPublishedPort(t *testing.T) {
	n := newNeighbours(t)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1", Publish: map[int]int{80: 0}})
	c, err := n.e.Dial(t.Context(), id, 80)
	assert.NilError(t, err)
	defer c.Close()
	assert.Assert(t, c.(interface{ Proxied() bool }).Proxied())
	assert.Equal(t, n.Count("POST", execs), 0)

	_, err = n.e.At("ssh://far").Dial(t.Context(), id, 80) // it has been found out for this container
	assert.NilError(t, err)
	n.e.Release(t.Context(), id)
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Assert(t, n.Count("POST", execs) > 0)
}

// TestReachByAddress: where the network's bridge is an interface of this machine, at once and without an exec.
func TestReachByAddress(t *testing.T) {
	n := newNeighbours(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	defer l.Close()
	engine.SetBridgeHere(t, func(network, gateway string) bool { return network == n.net && gateway == enginetest.Gateway })
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	n.SetAddress("web", "127.0.0.1")
	_, text, _ := net.SplitHostPort(l.Addr().String())
	port, err := strconv.Atoi(text)
	assert.NilError(t, err)
	c, err := n.e.Dial(t.Context(), id, port)
	assert.NilError(t, err)
	assert.NilError(t, c.Close())
	_, proxied := c.(interface{ Proxied() bool })
	assert.Assert(t, !proxied)
	assert.Equal(t, n.Count("POST", execs), 0)

	_, err = n.e.Dial(t.Context(), id, 1)
	assert.ErrorContains(t, err, "connection refused")
	assert.Equal(t, n.Count("POST", execs), 0) // a server that is not there yet is no reason to look for another way
}

// TestReachInside: a port that refuses connections for a while may be one of the loopback interface alone.
func TestReachInside(t *testing.T) {
	n := newNeighbours(t)
	engine.SetBridgeHere(t, func(string, string) bool { return true })
	engine.SetInsideAfter(t, 0)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "full:1"})
	n.SetAddress("web", "127.0.0.2") // port 80 of it: nobody
	_, err := n.e.Dial(t.Context(), id, 80)
	assert.ErrorContains(t, err, "refused")
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.says(t, id), "this is web")
}

// TestReachNoWay: the error says what was tried, and that it is no use to wait.
func TestReachNoWay(t *testing.T) {
	n := newNeighbours(t)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	n.Fail("PUT", "/containers/[^/]+/archive", http.StatusInternalServerError, "no space left on device", 1)
	_, err := n.e.Dial(t.Context(), id, 80)
	assert.Error(t, err, "it cannot be asked: bash in its image: its image has no bash; "+
		"bash in another container: there is none with it; a container next to it: no space left on device")
	assert.Assert(t, err.(interface{ Final() bool }).Final())
	assert.Equal(t, len(hint.All(err)), 1)
	all, err := n.e.Containers(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(all), 1) // the one that could not be filled is gone
}

// TestReachOtherProcessor: there is no relay for it.
func TestReachOtherProcessor(t *testing.T) {
	n := newNeighbours(t)
	a := enginetest.Modern
	a.Arch = "riscv64"
	n.SetAbout(a)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	_, err := n.e.Dial(t.Context(), id, 80)
	assert.ErrorContains(t, err, "a container next to it: there is no relay for riscv64")
}

// TestReachHelperOutlastsAnAttempt: making it may take longer than one attempt, and the next one needs it.
func TestReachHelperOutlastsAnAttempt(t *testing.T) {
	n := newNeighbours(t)
	id := n.start(t, engine.ContainerSpec{Name: "web", Image: "bare:1"})
	ctx, cancel := context.WithCancelCause(t.Context())
	n.Before("PUT", "/containers/[^/]+/archive", func(*http.Request) { cancel(fmt.Errorf("too late")) })
	_, err := n.e.Dial(ctx, id, 80)
	assert.ErrorContains(t, err, "too late")
	assert.Equal(t, n.says(t, id), "this is web")
	assert.Equal(t, n.Count("POST", creates), 2)
}
