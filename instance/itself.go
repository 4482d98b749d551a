package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// itself makes the instance's address lead to the application from within its services, too: for one that fetches its own
// pages, a cron job, a browser. The address is a port of the loopback interface, of which each container has its own.
//
// It is prepared next to the start, and opened when a service is ready: one that listens to the port itself must find it
// free.
type itself struct {
	s      *start
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	turn   chan struct{} // holds as many as may prepare at the same time

	leads  chan struct{} // closed when it is known where the address leads to
	target string        // the application's address on the network, or why there is none
	err    error

	mu      sync.Mutex
	of      map[string]*ownPort // by service
	trouble []error
}

// ownPort is the instance's port in a service. Ready and done are closed when the service is ready, and when the port
// has been opened or cannot be.
type ownPort struct{ ready, done chan struct{} }

// itselfAtOnce is how many services are seen to at the same time. Each takes a connection of its own, and an ssh server
// rejects clients when ten are still logging in.
const itselfAtOnce = 2

func (s *start) newItself(ctx context.Context) *itself {
	t := &itself{s: s, turn: make(chan struct{}, itselfAtOnce), leads: make(chan struct{}), of: map[string]*ownPort{}}
	t.ctx, t.cancel = context.WithCancel(ctx)
	return t
}

// wants reports whether a service is to reach the application by the instance's address. A MySQL server asks nobody, and
// an application that is published under its own port needs nothing.
func (t *itself) wants(svc stack.Service) bool {
	u := t.s.Stack.URL
	return u.Service != "" && svc.Ready.MySQL == nil && (svc.Name != u.Service || t.s.currentPort() != u.Port)
}

// runs is told of each service that runs. One that is started again until it is ready would lose what is prepared in it,
// and may get another address: it is seen to when it is ready.
func (t *itself) runs(svc stack.Service) {
	if !svc.Restart {
		t.begin(svc)
	}
}

// ready is told of each service that is ready, and returns when the service reaches the application, or cannot, if that
// runs yet.
func (t *itself) ready(ctx context.Context, svc stack.Service) {
	if svc.Restart {
		t.begin(svc)
	}
	t.mu.Lock()
	port := t.of[svc.Name]
	t.mu.Unlock()
	if port == nil {
		return
	}
	close(port.ready)
	select {
	case <-t.leads:
	default:
		if svc.Name != t.s.Stack.URL.Service {
			return
		}
	}
	select {
	case <-port.done:
	case <-ctx.Done():
	}
}

func (t *itself) begin(svc stack.Service) {
	if svc.Name == t.s.Stack.URL.Service {
		t.work.Go(func() {
			defer close(t.leads)
			t.target, t.err = t.s.Engine.Address(t.ctx, t.s.group.ID(svc.Name))
		})
	}
	if !t.wants(svc) {
		return
	}
	port := &ownPort{make(chan struct{}), make(chan struct{})}
	t.mu.Lock()
	t.of[svc.Name] = port
	t.mu.Unlock()
	t.work.Go(func() {
		defer close(port.done)
		select {
		case <-t.leads:
			t.report(svc, t.open(svc, port))
		case <-t.ctx.Done():
		}
	})
}

// open prepares the port, and opens it when the service is ready.
func (t *itself) open(svc stack.Service, port *ownPort) error {
	lead, err := t.prepare(svc)
	if err != nil {
		return err
	}
	select {
	case <-port.ready:
		return lead.Open(t.ctx)
	case <-t.ctx.Done():
		return lead.Close()
	}
}

func (t *itself) prepare(svc stack.Service) (*engine.Lead, error) {
	if t.err != nil {
		return nil, t.err
	}
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	return t.s.Engine.PrepareLead(t.ctx, t.s.group.ID(svc.Name), t.s.currentPort(), t.target, t.s.Stack.URL.Port)
}

// report notes that a service does not reach the application.
func (t *itself) report(svc stack.Service, err error) {
	ownListener := errors.Is(err, engine.ErrPortInUse) && svc.Name == t.s.Stack.URL.Service
	if err == nil || ownListener {
		return
	}
	select {
	case <-t.s.group.Process(svc.Name).Done(): // it has done its work
		return
	default:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := launch.Address(t.s.currentPort())
	t.trouble = append(t.trouble, fmt.Errorf("service %s does not reach the application at %s: %w", svc.Name, at, err))
}

// settle returns when all is done, and says what could not be: an instance without that is of use, too.
func (t *itself) settle() {
	t.work.Wait()
	for _, err := range t.trouble {
		if t.s.Warn != nil {
			t.s.Warn(err)
		}
	}
}

// end calls off what is not made yet, and returns when nothing is under way.
func (t *itself) end() {
	t.cancel()
	t.work.Wait()
}
