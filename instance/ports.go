package instance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"time"

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

// choosePort picks a port if the application must know its address before it starts; otherwise the engine picks one.
// The pick is a guess: only when the container starts, the engine finds out whether the port is free.
func (s *start) choosePort() {
	fixed := s.fixed(s.Stack.URL.Service, s.Stack.URL.Port)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.forward != nil:
	case fixed != 0:
		s.port = fixed
	case len(s.Stack.URL.Environment) > 0 || s.tellsAddress():
		s.port = firstPort + rand.IntN(lastPort-firstPort)
	}
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
		case err == nil && svc.Name == s.Stack.URL.Service:
			return s.announce(ctx, svc.Name)
		case err == nil || !engine.IsPortTaken(err):
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
		s.choosePort()
		if _, err := s.group.Create(ctx, svc); err != nil {
			return err
		}
	}
}

// endTimeout is how long to wait for the end of a container that seems to have ended.
const endTimeout = 5 * time.Second

// announce tells the probes the application's address; if the engine has chosen it, announce finds it out first.
func (s *start) announce(ctx context.Context, service string) error {
	port := s.currentPort()
	if port == 0 {
		var err error
		port, err = s.Engine.PublishedPort(ctx, s.group.ID(service), s.Stack.URL.Port)
		if errors.Is(err, engine.ErrNotPublished) {
			return s.ended(ctx, service, err)
		}
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.port = port
		s.mu.Unlock()
	}
	s.group.Announce(service, launch.Address(port))
	return nil
}

// ended returns err unless the service's container has ended: then it has no address, and the wait for it to become
// ready reports a better reason.
func (s *start) ended(ctx context.Context, service string, err error) error {
	select {
	case <-s.group.Process(service).Done():
		return nil
	case <-ctx.Done():
	case <-time.After(endTimeout):
	}
	return err
}

// published returns the ports of a service that can be reached from outside.
func (s *start) published(service string) map[int]int {
	if s.forwards() {
		return nil
	}
	ports := map[int]int{}
	for _, p := range s.Publish {
		if p.Service == service {
			ports[p.Port] = p.Public
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
