package engine

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// place is where an engine is, relative to this machine.
type place struct {
	mu            sync.Mutex
	local, looked bool
}

// At sets where the engine really is. A client that reaches it through another program, such as ssh, knows only a
// made-up address.
func (e *Engine) At(host string) *Engine {
	if host != "" {
		e.host, e.place.local = host, onSocket(host)
	}
	return e
}

// Local reports whether what the engine publishes on its loopback interface can be reached on this machine's. It is a
// guess until Locate has been called.
//
// A socket is taken for an engine on this machine: docker's own, or those of Docker Desktop and others in a virtual
// machine that forward what their containers publish. An address is not, even if it is 127.0.0.1: it may be the end of
// a tunnel.
func (e *Engine) Local() bool {
	e.place.mu.Lock()
	defer e.place.mu.Unlock()
	return e.place.local
}

// Locate checks for the one case in which the socket is here but the engine's loopback interface is not: the socket has
// been mounted into a container, as is common in CI. Then none of the engine's bridges is an interface of this machine.
// On error it keeps the guess; a broken engine is reported by the first call that needs it.
func (e *Engine) Locate(ctx context.Context) {
	e.place.mu.Lock()
	defer e.place.mu.Unlock()
	if !e.place.local || e.place.looked {
		return
	}
	networks, err := e.api.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("driver", "bridge"))})
	if err != nil {
		return
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return
	}
	e.place.local, e.place.looked = !elsewhere(networks, own) || !inContainer(), true
}

func onSocket(host string) bool {
	return strings.HasPrefix(host, "unix://") || strings.HasPrefix(host, "npipe://")
}

// inContainer reports whether this process seems to run in a container, by the marks that docker, podman and Kubernetes
// leave.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// elsewhere reports whether networks have gateways, none of which is among the addresses of this machine.
func elsewhere(networks []network.Summary, own []net.Addr) bool {
	have := map[string]bool{}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok {
			have[n.IP.String()] = true
		}
	}
	gateways := 0
	for _, n := range networks {
		for _, c := range n.IPAM.Config {
			if have[c.Gateway] {
				return false
			}
			if c.Gateway != "" {
				gateways++
			}
		}
	}
	return gateways > 0
}

// Tunnel returns the hint how to reach an address of the engine's loopback interface from here, or "" if it is this
// machine's own.
func (e *Engine) Tunnel(address string) string {
	u, err := url.Parse(address)
	if e.Local() || err != nil || u.Port() == "" {
		return ""
	}
	return fmt.Sprintf("the address is one of the engine's host; to have it here: `ssh -N -L %s:%s %s`", u.Port(), u.Host, sshWords(e.host))
}

// sshWords returns the arguments with which ssh reaches an engine's host, as far as the engine's address shows them.
func sshWords(host string) string {
	u, err := url.Parse(host)
	if err != nil || u.Hostname() == "" {
		return "HOST"
	}
	words := u.Hostname()
	if u.Scheme != "ssh" {
		return words
	}
	if name := u.User.Username(); name != "" {
		words = name + "@" + words
	}
	if u.Port() != "" {
		words = "-p " + u.Port() + " " + words
	}
	return words
}
