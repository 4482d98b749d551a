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

// portProbe is a probe and the container's port that it probes, 0 for one that needs none.
type portProbe struct {
	probe.Probe
	port int
}

// probes returns what a service must answer before it counts as ready, in the order of their depth.
func (g *Group) probes(ctx context.Context, s stack.Service) ([]portProbe, error) {
	r := s.Ready
	if !r.Image && (r.Exec == nil || !r.Exec.Shell) {
		return g.given(s, nil), nil
	}
	image, err := g.Engine.Image(ctx, g.Image(s.Name))
	if err != nil {
		return nil, err
	}
	if x := healthExec(image); r.Image && x != nil {
		return []portProbe{{Probe: g.execProbe(s, *x, image.Shell)}}, nil
	}
	return g.given(s, image.Shell), nil
}

// given returns the probes that the stack has for a service.
func (g *Group) given(s stack.Service, shell []string) []portProbe {
	var out []portProbe
	if t := s.Ready.TCP; t != nil {
		out = append(out, portProbe{Probe: probe.TCP{Port: t.Port}, port: t.Port})
	}
	for _, port := range s.Ready.Ports {
		out = append(out, portProbe{Probe: probe.Port{Port: port, Host: g.httpAddress(s.Name, port)}, port: port})
	}
	if m := s.Ready.MySQL; m != nil {
		out = append(out, portProbe{port: m.Port, Probe: probe.MySQL{
			Port: m.Port, User: m.User, Password: m.Password, Database: m.Database, Query: m.Query,
		}})
	}
	if x := s.Ready.Exec; x != nil {
		out = append(out, portProbe{Probe: g.execProbe(s, *x, shell)})
	}
	if h := s.Ready.HTTP; h != nil {
		out = append(out, portProbe{Probe: g.httpProbe(s.Name, h), port: h.Port})
	}
	return out
}

func (g *Group) httpProbe(service string, h *stack.HTTP) probe.HTTP {
	scheme := h.Scheme
	if scheme == "" {
		scheme = "http"
	}
	p := probe.HTTP{
		URL: scheme + "://" + g.httpAddress(service, h.Port) + h.Path, MinStatus: h.MinStatus, MaxStatus: h.MaxStatus,
		Host: h.Host, Headers: h.Headers, Follow: h.Follow,
	}
	if h.Body != "" {
		p.Body = regexp.MustCompile(h.Body) // loading the stack has compiled it already
	}
	return p
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

// dialer connects to a service's port.
func (g *Group) dialer(service string, p portProbe) probe.Dialer {
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
