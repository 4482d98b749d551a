package instance

import (
	"context"
	"strconv"
	"strings"
)

// held is a port of this machine that leads to a service's port on an engine elsewhere.
type held struct {
	Publish
	*Forward
}

// forwards reports whether ports are forwarded instead of published: on an engine elsewhere, as long as there is a
// process to forward them.
func (s *start) forwards() bool { return !s.Detach && !s.Engine.Local() && s.Stack.URL.Service != "" }

// hold takes the ports that are forwarded, since the application may need to know its own before it starts.
func (s *start) hold() (err error) {
	if !s.forwards() {
		return nil
	}
	u := s.Stack.URL
	if s.forward, err = listen(s.fixed(u.Service, u.Port), s.Warn); err != nil {
		return err
	}
	s.port = s.forward.port()
	for _, p := range s.Publish {
		if p.Service == u.Service && p.Port == u.Port {
			continue
		}
		f, err := listen(p.Public, s.Warn)
		if err != nil {
			return err
		}
		p.Public = f.port()
		s.also = append(s.also, held{p, f})
		s.forward.also = append(s.forward.also, f) // and is closed with it
	}
	return nil
}

// forwardedPorts returns those of a service in the format of its container's label: PORT:PUBLIC, separated by commas.
func (s *start) forwardedPorts(service string) string {
	var pairs []string
	if s.forward != nil && service == s.Stack.URL.Service {
		pairs = append(pairs, strconv.Itoa(s.Stack.URL.Port)+":"+strconv.Itoa(s.forward.port()))
	}
	for _, h := range s.also {
		if h.Service == service {
			pairs = append(pairs, strconv.Itoa(h.Port)+":"+strconv.Itoa(h.Public))
		}
	}
	return strings.Join(pairs, ",")
}

// parseForwarded parses what forwardedPorts returns, and skips what is not in that format.
func parseForwarded(label string) map[int]int {
	ports := map[int]int{}
	for pair := range strings.SplitSeq(label, ",") {
		private, public, _ := strings.Cut(pair, ":")
		from, err1 := strconv.Atoi(private)
		to, err2 := strconv.Atoi(public)
		if err1 == nil && err2 == nil {
			ports[from] = to
		}
	}
	return ports
}

// serveForwards begins to accept connections.
func (s *start) serveForwards() {
	serve := func(f *Forward, service string, port int) {
		id := s.group.ID(service)
		f.release = func() { s.Engine.Release(context.Background(), id) }
		f.serve(func(ctx context.Context) (connector, error) { return s.Engine.Relay(ctx, id, port) })
	}
	if s.forward != nil {
		serve(s.forward, s.Stack.URL.Service, s.Stack.URL.Port)
	}
	for _, h := range s.also {
		serve(h.Forward, h.Service, h.Port)
	}
}
