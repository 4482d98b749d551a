package launch

import (
	"context"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// portProbe is a probe and the container's port that it probes.
type portProbe struct {
	probe.Probe
	port int
	http bool
}

// probes returns what a service must answer before it counts as ready, in the order of their depth.
func (g *Group) probes(s stack.Service) []portProbe {
	var out []portProbe
	if t := s.Ready.TCP; t != nil {
		out = append(out, portProbe{Probe: probe.TCP{Port: t.Port}, port: t.Port})
	}
	if m := s.Ready.MySQL; m != nil {
		out = append(out, portProbe{port: m.Port, Probe: probe.MySQL{
			Port: m.Port, User: m.User, Password: m.Password, Database: m.Database, Query: m.Query,
		}})
	}
	if h := s.Ready.HTTP; h != nil {
		p := probe.HTTP{URL: "http://" + g.httpAddress(s.Name, h.Port) + h.Path, MinStatus: h.MinStatus, MaxStatus: h.MaxStatus}
		if h.Body != "" {
			p.Body = regexp.MustCompile(h.Body) // loading the stack has compiled it already
		}
		out = append(out, portProbe{Probe: p, port: h.Port, http: true})
	}
	return out
}

// httpAddress returns the address at which a service is probed: the one at which it is published, so that an
// application that knows its address recognizes it.
func (g *Group) httpAddress(service string, port int) string {
	if addr, ok := g.published(service); ok {
		return addr
	}
	return Address(port)
}

// Address returns a port of the loopback interface as host:port.
func Address(port int) string { return net.JoinHostPort(engine.Loopback, strconv.Itoa(port)) }

// dialer connects to a service's port: directly if it is published on this machine, otherwise through the engine.
func (g *Group) dialer(service string, p portProbe) probe.Dialer {
	if addr, ok := g.published(service); ok && p.http && g.Engine.Local() {
		return func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", addr)
		}
	}
	id := g.ID(service)
	return func(ctx context.Context) (net.Conn, error) { return g.Engine.Dial(ctx, id, p.port) }
}

// ephemeral matches the port that a connection came from, which is another one each time.
var ephemeral = regexp.MustCompile(`\S+:[0-9]+->`)

// reason returns why an attempt failed, in one line that stays the same as long as the reason does.
func reason(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return ephemeral.ReplaceAllString(line, "")
}
