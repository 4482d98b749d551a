package instance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/progress"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Request says what to start.
type Request struct {
	Engine   *engine.Engine
	Stack    *stack.Stack
	Snapshot *snapshot.Snapshot
	// Flavor is one of the stack's; empty for the default one.
	Flavor string
	// Name is the instance's; empty for one made up.
	Name string
	// Detach makes an instance that outlives the command.
	Detach  bool
	Owner   snapshot.Owner
	Timeout time.Duration
	// Warn, if not nil, is told of trouble after the start, such as connections that could not be forwarded.
	Warn     func(error)
	Journal  *journal.Journal
	Progress *progress.Printer
}

// DefaultTimeout is how long each service may take to become ready.
const DefaultTimeout = time.Minute

// start is one start under way.
type start struct {
	Request
	created time.Time
	group   *launch.Group
	network string
	forward *Forward // nil where the application is published

	mu   sync.Mutex
	port int // where the application is published
}

// Start starts an instance and returns when it is ready. When that fails, nothing of it stays behind.
func Start(ctx context.Context, r Request) (_ *Instance, err error) {
	if r.Flavor == "" {
		r.Flavor = stack.DefaultFlavor
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	s := &start{Request: r, created: time.Now().UTC()}
	if err := s.reserve(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon())
		}
	}()
	if err := s.hold(); err != nil {
		return nil, err
	}
	s.choosePort()
	s.group = s.newGroup()
	services := make([]stack.Service, len(r.Stack.Services))
	for i, svc := range r.Stack.Services {
		services[i] = svc.With(r.Flavor)
	}
	// Nobody asks for how a container ends once the instance is ready, and each of these watches is a connection.
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	if err := s.group.Up(watched, services, s.startService); err != nil {
		return nil, err
	}
	if err := s.finish(ctx); err != nil {
		return nil, err
	}
	return s.instance()
}

// reserve makes the network. Its name is the instance's name, and the engine lets only one be made.
func (s *start) reserve(ctx context.Context) error {
	for try := 0; ; try++ {
		name := s.Name
		if name == "" {
			name = madeUpName(s.Stack.Name)
		}
		id, err := s.Engine.CreateNetwork(ctx, objectName(name), s.labels(name, ""))
		switch {
		case err == nil:
			s.Name, s.network = name, id
			return nil
		case engine.IsConflict(err) && s.Name != "":
			return engine.Hint(fmt.Errorf("an instance named %s is there already", name),
				"choose another name, or remove it: `docker bmo stop "+name+"`")
		case !engine.IsConflict(err) || try == 10:
			return err
		}
	}
}

func madeUpName(stackName string) string {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return stackName + "-" + hex.EncodeToString(b)
}

// labels of the instance's network (service is empty) and containers.
func (s *start) labels(name, service string) map[string]string {
	l := map[string]string{
		snapshot.LabelRole: snapshot.RoleInstance, snapshot.LabelInstance: name, snapshot.LabelKey: s.Snapshot.Key,
		snapshot.LabelStack: s.Stack.Name, snapshot.LabelOwner: s.Owner.String(), snapshot.LabelFlavor: s.Flavor,
		snapshot.LabelCreated: s.created.Format(time.RFC3339Nano),
	}
	if s.Detach {
		l[snapshot.LabelDetached] = "true"
	}
	if service != "" {
		l[snapshot.LabelService] = service
	}
	if service == s.lead() {
		l[snapshot.LabelLead] = "true"
	}
	if service == s.Stack.URL.Service && service != "" && s.currentPort() != 0 {
		l[snapshot.LabelURL] = "http://" + launch.Address(s.currentPort())
	}
	return l
}

// lead is the service whose container's name tells whether the instance is ready.
func (s *start) lead() string {
	if s.Stack.URL.Service != "" {
		return s.Stack.URL.Service
	}
	return s.Stack.Services[len(s.Stack.Services)-1].Name
}

func (s *start) newGroup() *launch.Group {
	g := launch.New(s.Engine)
	g.Network = s.network
	g.Name = func(service string) string {
		if service == s.lead() {
			return snapshot.StartingName(containerName(s.Name, service))
		}
		return containerName(s.Name, service)
	}
	g.Image = func(service string) string { return s.Snapshot.Images[service].ID }
	g.Labels = func(service string) map[string]string { return s.labels(s.Name, service) }
	g.Environment = s.environment
	g.Publish = func(service string) map[int]int {
		if service != s.Stack.URL.Service || s.forward != nil {
			return nil
		}
		return map[int]int{s.Stack.URL.Port: s.currentPort()}
	}
	g.Timeout, g.Journal, g.Progress = s.Timeout, s.Journal, s.Progress
	return g
}

func (s *start) environment(service string) map[string]string {
	if service != s.Stack.URL.Service {
		return nil
	}
	env, err := s.Stack.URL.Render(launch.Vars(s.currentPort(), s.Name))
	if err != nil {
		return nil // loading the stack rendered it once already
	}
	return env
}

// Ports that we pick lie below the range that Linux takes outgoing connections from (32768), so that those do not
// get in the way.
const firstPort, lastPort = 20000, 32000

// portTries is how many ports in a row may belong to somebody else before we give up.
const portTries = 50

// hold takes a port here for an application on an engine elsewhere, as long as there is a process to forward it.
func (s *start) hold() (err error) {
	if s.Detach || s.Engine.Local() || s.Stack.URL.Service == "" {
		return nil
	}
	if s.forward, err = listen(0, s.Warn); err != nil {
		return err
	}
	s.port = s.forward.port()
	return nil
}

// choosePort picks a port when the application has to know its address before it starts; else the engine picks. Ours
// is a guess: the engine decides, when the container starts, whether it is free.
func (s *start) choosePort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forward == nil && len(s.Stack.URL.Environment) > 0 {
		s.port = firstPort + mrand.IntN(lastPort-firstPort)
	}
}

func (s *start) currentPort() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// startService starts a service's container, the published one on another port as long as its port is taken.
func (s *start) startService(ctx context.Context, svc stack.Service) error {
	for try := 0; ; try++ {
		_, err := s.group.Start(ctx, svc)
		switch {
		case err == nil && svc.Name == s.Stack.URL.Service:
			return s.announce(ctx, svc.Name)
		case err == nil || !engine.IsPortTaken(err):
			return err
		case try == portTries:
			return engine.Hint(err, "too many ports on 127.0.0.1 are taken: stop instances or other programs")
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

// announce tells the probes the application's address, and finds it out first when the engine chose it.
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

// ended returns err unless the service's container has ended: then it has no address, and who waits for it to become
// ready says better why.
func (s *start) ended(ctx context.Context, service string, err error) error {
	select {
	case <-s.group.Process(service).Done():
		return nil
	case <-ctx.Done():
	case <-time.After(endTimeout):
	}
	return err
}

// finish marks the instance as ready.
func (s *start) finish(ctx context.Context) error {
	return s.Engine.Rename(ctx, s.group.ID(s.lead()), containerName(s.Name, s.lead()))
}

// abandon removes what there is, even when the caller's context has ended.
func (s *start) abandon() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	s.forward.Close()
	return Remove(ctx, s.Engine, s.Name, 0)
}

func (s *start) instance() (*Instance, error) {
	vars := launch.Vars(s.port, s.Name)
	env, err := s.Stack.RenderEnv(vars)
	if err != nil {
		return nil, err
	}
	inst := &Instance{
		Name: s.Name, Stack: s.Stack.Name, Key: s.Snapshot.Key, Flavor: s.Flavor, State: Ready, Detached: s.Detach,
		Created: s.created, Env: env, Services: map[string]string{}, Forward: s.forward,
	}
	if s.Stack.URL.Service != "" {
		inst.URL = vars.URL
	}
	if s.forward != nil {
		id := s.group.ID(s.Stack.URL.Service)
		s.forward.serve(func(ctx context.Context) (connector, error) { return s.Engine.Relay(ctx, id, s.Stack.URL.Port) })
	}
	for _, svc := range s.Stack.Services {
		inst.Services[svc.Name] = s.group.ID(svc.Name)
	}
	return inst, nil
}
