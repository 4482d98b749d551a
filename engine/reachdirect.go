package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// direct is a way that is a connection from this machine: to the container's address, or to its published ports.
type direct struct {
	r       *reach
	address string      // of the container, or
	ports   map[int]int // published ones, by the container's
}

func (d *direct) String() string {
	if d.address != "" {
		return "its address " + d.address
	}
	return "its published port"
}

func (d *direct) serves(port int) bool { return d.address != "" || d.ports[port] != 0 }

func (d *direct) inside() bool { return false }

func (d *direct) prepare(_ context.Context, port int) (Prepared, error) {
	return &directPrepared{d, port}, nil
}

// directTimeout is how long a connection to an address of this machine's own bridge may take. One that takes longer is
// not coming: a firewall drops it.
const directTimeout = time.Second

type directPrepared struct {
	*direct
	port int
}

func (p *directPrepared) Connect(ctx context.Context) (net.Conn, error) {
	host, port := p.address, p.port
	if host == "" {
		host, port = Loopback, p.ports[p.port]
	}
	d := net.Dialer{Timeout: directTimeout}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	switch {
	case err == nil && p.address == "":
		return publishedConn{c}, nil
	case err == nil || errors.Is(err, syscall.ECONNREFUSED):
		return c, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES):
		p.r.drop(p.direct, err) // the next attempt goes another way
	}
	return nil, err
}

func (p *directPrepared) Err() error { return nil }

func (p *directPrepared) Close() error { return nil }

// publishedConn is a connection to a published port. What accepts those is a proxy of the engine, which does so before
// the container listens.
type publishedConn struct{ net.Conn }

// Proxied reports that it says nothing about the server that it was accepted.
func (publishedConn) Proxied() bool { return true }

// endpointOf returns where a container is on its network; the zero value if it is on none of its own.
func endpointOf(c container.InspectResponse) network.EndpointSettings {
	if c.NetworkSettings != nil {
		for _, end := range c.NetworkSettings.Networks {
			if end != nil && end.IPAddress != "" {
				return *end
			}
		}
	}
	return network.EndpointSettings{}
}

func publishedPorts(c container.InspectResponse) map[int]int {
	ports := map[int]int{}
	if c.NetworkSettings == nil {
		return ports
	}
	for private, bindings := range c.NetworkSettings.Ports {
		for _, b := range bindings {
			if public, err := strconv.Atoi(b.HostPort); err == nil && private.Proto() == "tcp" {
				ports[private.Int()] = public
			}
		}
	}
	return ports
}

// bridgeHere reports whether a network's bridge is an interface of this machine. An address alone proves nothing: two
// engines, one of them in a virtual machine, may use the same ones. The interface's name has the network's identifier.
var bridgeHere = func(network, gateway string) bool {
	if len(network) < 12 || gateway == "" {
		return false
	}
	i, err := net.InterfaceByName(fmt.Sprintf("br-%.12s", network))
	if err != nil {
		return false
	}
	addrs, err := i.Addrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.String() == gateway {
			return true
		}
	}
	return false
}
