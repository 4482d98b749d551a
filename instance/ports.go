package instance

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Ports that docker bmo picks are below the range from which Linux takes ports of outgoing connections (32768), so that
// they do not collide with those.
const firstPort, lastPort = 20000, 32000

// portTries is how many ports in a row may be taken by other programs before Start gives up.
const portTries = 50

// choosePort picks the application's port: it may have to know its address before it starts, and a port that the engine
// picks is another one each time that the container starts, as it does in a commit. The pick is a guess: only when the
// container starts, the engine finds out whether the port is free.
func (s *start) choosePort() {
	fixed := s.fixed(s.Stack.URL.Service, s.Stack.URL.Port)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.forward != nil:
	case fixed != 0:
		s.port = fixed
	case s.Stack.URL.Service != "":
		s.port = pick()
	}
}

func pick() int { return firstPort + rand.IntN(lastPort-firstPort) }

// chooseOthers picks the ports of a service that the user wants published under any number.
func (s *start) chooseOthers(service string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.Publish {
		if p.Service == service && p.Public == 0 {
			if s.picked == nil {
				s.picked = map[Publish]int{}
			}
			s.picked[p] = pick()
		}
	}
}

// pickedPort returns what chooseOthers has picked.
func (s *start) pickedPort(p Publish) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.picked[p]
}

// fixed returns the port at which the user wants a service's port to be published, 0 for any.
func (s *start) fixed(service string, port int) int {
	for _, p := range s.Publish {
		if p.Service == service && p.Port == port {
			return p.Public
		}
	}
	return 0
}

// takenByOthers returns the port at which the user wants a service to be published and which err says is taken, or 0.
func (s *start) takenByOthers(service string, err error) int {
	for _, p := range s.Publish {
		named := regexp.MustCompile(regexp.QuoteMeta(launch.Address(p.Public)) + `\b`)
		if p.Service == service && p.Public != 0 && named.MatchString(err.Error()) {
			return p.Public
		}
	}
	return 0
}

func (s *start) currentPort() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// movedError reports that the application's port is taken when steps have been told of it already.
type movedError struct{ error }

// Unwrap returns what the engine said.
func (e *movedError) Unwrap() error { return e.error }

// startService starts a service's container; if its published port is taken, it retries on other ports.
func (s *start) startService(ctx context.Context, svc stack.Service) error {
	for try := 0; ; try++ {
		_, err := s.group.Start(ctx, svc)
		switch {
		case err == nil:
			if svc.Name == s.Stack.URL.Service {
				s.group.Announce(svc.Name, launch.Address(s.currentPort()))
			}
			s.itself.runs(svc)
			return nil
		case !engine.IsPortTaken(err):
			return err
		case s.takenByOthers(svc.Name, err) != 0:
			port := s.takenByOthers(svc.Name, err)
			return hint.Wrap(fmt.Errorf("service %s: port %d on %s is taken", svc.Name, port, engine.Loopback),
				"choose another port, or leave it out to have a free one picked")
		case s.tellsAddress():
			return &movedError{err}
		case try == portTries:
			return hint.Wrap(err, "too many ports on 127.0.0.1 are taken: stop instances or other programs")
		}
		if err := s.Engine.RemoveContainer(ctx, s.group.ID(svc.Name)); err != nil {
			return err
		}
		s.group.Forget(svc.Name)
		if svc.Name == s.Stack.URL.Service {
			s.choosePort()
		}
		if _, err := s.group.Create(ctx, svc); err != nil {
			return err
		}
	}
}

// published returns the ports of a service that can be reached from outside.
func (s *start) published(service string) map[int]int {
	if s.forwards() {
		return nil
	}
	ports := map[int]int{}
	s.chooseOthers(service)
	for _, p := range s.Publish {
		if p.Service == service {
			ports[p.Port] = cmp.Or(p.Public, s.pickedPort(p))
		}
	}
	if service == s.Stack.URL.Service {
		ports[s.Stack.URL.Port] = s.currentPort()
	}
	return ports
}

// publicPorts maps services to their ports to those on the loopback interface.
func (s *start) publicPorts(ctx context.Context) (map[string]map[int]int, error) {
	out := map[string]map[int]int{}
	add := func(service string, port, public int) {
		if out[service] == nil {
			out[service] = map[int]int{}
		}
		out[service][port] = public
	}
	for _, h := range s.also {
		add(h.Service, h.Port, h.Public)
	}
	for _, p := range s.Publish {
		if s.forwards() {
			break
		}
		public, err := s.Engine.PublishedPort(ctx, s.group.ID(p.Service), p.Port)
		if err != nil {
			return nil, err
		}
		add(p.Service, p.Port, public)
	}
	if u := s.Stack.URL; u.Service != "" {
		add(u.Service, u.Port, s.port)
	}
	return out, nil
}
