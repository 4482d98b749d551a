// Package launch starts services in the order of their dependencies. A service starts when all that it depends on are
// ready, that is, have answered their probes, not when they have merely been started.
//
// This package is not API: it can change at any time. Programs use bmo.
package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Group is a set of containers on one network.
type Group struct {
	Engine  *engine.Engine
	Network string
	// Name, Image and Labels determine how each service's container is created.
	Name, Image func(service string) string
	Labels      func(service string) map[string]string
	// Proxies are the environment that a docker configuration has for containers; what a service says itself wins.
	Proxies map[string]string
	// Secrets are what services and steps ask for in their environment.
	Secrets *stack.Secrets
	// Environment is added to a service's own; it may be nil.
	Environment func(service string) map[string]string
	// Publish returns the ports of a service to publish; it may be nil.
	Publish func(service string) map[int]int
	// Volume returns the engine's name of a volume of the stack, and Content what a secret or config contains; they may be
	// nil if there are none.
	Volume  func(name string) string
	Content func(stack.Content) ([]byte, error)
	// Live returns the path on the engine's machine that is mounted in place of the copy that the image has; it may be nil.
	Live func(m stack.Mount) (path string, ok bool)
	// Filled reports that the volumes have their content already: an empty one stays empty.
	Filled bool
	// Before, if not nil, is called when what a service depends on is ready, and Ready when the service itself is, before
	// those that depend on it start.
	Before, Ready func(context.Context, stack.Service) error
	// Early reports whether a service starts without waiting for what it depends on; it may be nil.
	Early func(stack.Service) bool
	// Forwarded reports whether a service's ports are still led to when it is ready; it may be nil.
	Forwarded func(service string) bool
	// Timeout is how long each probe of a service may take, unless the service has a ready.timeout.
	Timeout time.Duration
	// Within is how long after New all services must be ready. If set, it overrides Timeout and every ready.timeout; 0
	// means no such limit.
	Within time.Duration
	// Of names the instance that the services belong to, for progress; empty if there is no doubt.
	Of string
	// Title is put before the services' names in progress and journal; empty if there is only one group. Journal and
	// Progress may be nil.
	Title    string
	Journal  *journal.Recorder
	Progress *progress.Printer
	// Attach gives the containers' output to the journal as it comes. Without it, the journal gets the output only on
	// failure.
	Attach bool
	// Record gets the steps and what comes of the probes; it may be nil.
	Record *journal.Record

	begin time.Time

	mu      sync.Mutex
	running map[string]*engine.Process
	ids     map[string]string
	public  map[string]string
}

// New returns an empty group; the caller sets the exported fields.
func New(e *engine.Engine) *Group {
	return &Group{
		Engine: e, begin: time.Now(), running: map[string]*engine.Process{}, ids: map[string]string{}, public: map[string]string{},
	}
}

// Announce records the address (host:port) at which a service is published.
func (g *Group) Announce(service, addr string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.public[service] = addr
}

// Forget drops a service's container, which the caller has removed, so that another one can be created for the service.
func (g *Group) Forget(service string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.ids, service)
	delete(g.running, service)
}

// Ended notes that a service's container has been stopped and is to be started again when the service is needed.
func (g *Group) Ended(service string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, service)
}

// Adopt makes a container, which somebody else has created, that of a service; p watches it if it runs, nil if it does not.
func (g *Group) Adopt(service, id string, p *engine.Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ids[service] = id
	if p != nil {
		g.running[service] = p
	}
}

func (g *Group) published(service string) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	addr, ok := g.public[service]
	return addr, ok
}

// Create creates a service's container without starting it. Its secrets and configs are in it.
func (g *Group) Create(ctx context.Context, s stack.Service) (string, error) {
	id, err := g.Engine.CreateContainer(ctx, g.spec(s))
	if err != nil {
		return "", err
	}
	g.mu.Lock()
	g.ids[s.Name] = id
	g.mu.Unlock()
	return id, g.writeFiles(ctx, id, s)
}

// maxHostname is the longest host name that Linux allows, less one for its end.
const maxHostname = 63

// spec describes a service's container.
func (g *Group) spec(s stack.Service) engine.ContainerSpec {
	env := maps.Clone(g.Proxies)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, g.Secrets.ExpandAll(s.Environment))
	if g.Environment != nil {
		maps.Copy(env, g.Environment(s.Name))
	}
	var publish map[int]int
	if g.Publish != nil {
		publish = g.Publish(s.Name)
	}
	limits := map[string][2]int64{}
	for name, l := range s.Ulimits {
		limits[name] = [2]int64{l.Soft, l.Hard}
	}
	// The engine's own default differs from container to container, and with it the paths that some databases use.
	hostname := cmp.Or(s.Hostname, s.Name[:min(len(s.Name), maxHostname)])
	return engine.ContainerSpec{
		Name: g.Name(s.Name), Image: g.Image(s.Name), Entrypoint: s.Entrypoint, Command: s.Command,
		Environment: pairs(env), Labels: g.Labels(s.Name), User: s.User, WorkingDir: s.WorkingDir,
		Hostname: hostname, StopSignal: s.StopSignal, Tmpfs: s.Tmpfs, Network: g.Network,
		Aliases: append([]string{s.Name}, s.Aliases...), Publish: publish,
		MemLimit: s.MemLimit, ShmSize: s.ShmSize, Init: s.Init, Ulimits: limits,
		Mounts: g.mounts(s), Settings: s.Settings,
	}
}

// Start starts a service's container, which Create has created.
func (g *Group) Start(ctx context.Context, s stack.Service) (*engine.Process, error) {
	var out, errOut io.Writer
	if g.Attach {
		out, errOut = g.Journal.Source(g.title(s.Name)), g.Journal.Source(g.title(s.Name))
	}
	p, err := g.Engine.Start(ctx, g.ID(s.Name), out, errOut)
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", s.Name, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running[s.Name] = p
	return p, nil
}

// ID returns the identifier of a service's container, empty before Create.
func (g *Group) ID(service string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ids[service]
}

// Process returns a service's started container, nil before Start.
func (g *Group) Process(service string) *engine.Process {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running[service]
}

// Up creates, starts and awaits services, each after those it depends on, independent ones at the same time. Services
// that are running already are left as they are. start, if not nil, is called instead of creating and starting a
// service. A service that fails is a *ServiceError.
func (g *Group) Up(ctx context.Context, services []stack.Service, start func(context.Context, stack.Service) error) error {
	if start == nil {
		start = func(ctx context.Context, s stack.Service) error {
			_, err := g.Start(ctx, s)
			return err
		}
	}
	ready := map[string]chan struct{}{}
	for _, s := range services {
		ready[s.Name] = make(chan struct{})
	}
	// The containers outlive this call, and so must the watch on them: they get ctx, while only the waiting uses grp.
	grp, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := g.createSharing(grp, services); err != nil {
		return err
	}
	errs := make(chan error, len(services))
	var watches sync.WaitGroup
	for _, s := range services {
		go func() {
			err := g.up(ctx, s, bringing{grp, cancel, ready, start, &watches})
			if err != nil {
				cancel(err)
			}
			errs <- err
		}()
	}
	var first error
	for range services {
		// After the first failure, the others only report that they were cancelled.
		if err := <-errs; err != nil && (first == nil || errors.Is(first, context.Canceled)) {
			first = err
		}
	}
	cancel(nil)
	watches.Wait()
	if first == nil {
		first = g.firstEnded(ctx, services, start)
	}
	return first
}

// createSharing creates the containers of services that have the engine's volumes, in start order: an empty volume gets
// the content that the first one's image has.
func (g *Group) createSharing(ctx context.Context, services []stack.Service) error {
	for _, s := range services {
		if shares(s) && g.ID(s.Name) == "" {
			if _, err := g.Create(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// bringing is what the services that come up together share: start starts one, fail calls the others off and ends grp,
// ready says of each when it is, and watches are under way on those that are.
type bringing struct {
	grp     context.Context
	fail    context.CancelCauseFunc
	ready   map[string]chan struct{}
	start   func(context.Context, stack.Service) error
	watches *sync.WaitGroup
}

func (g *Group) up(ctx context.Context, s stack.Service, b bringing) error {
	if g.Process(s.Name) != nil {
		close(b.ready[s.Name])
		return nil
	}
	if g.ID(s.Name) == "" {
		if _, err := g.Create(b.grp, s); err != nil {
			return err
		}
	}
	if g.Early == nil || !g.Early(s) {
		if err := b.awaitNeeds(s); err != nil {
			return err
		}
	}
	if g.Before != nil {
		if err := g.Before(b.grp, s); err != nil {
			return err
		}
	}
	done := g.Record.Step(s.Name, "start "+s.Name)
	err := g.Progress.Step(b.grp, "start "+g.title(s.Name)+g.of(), func(_ context.Context, log *progress.Log) error {
		for began := time.Now(); ; {
			if err := b.start(ctx, s); err != nil {
				return err
			}
			err := g.Await(b.grp, s, log)
			if !g.startAgain(b.grp, s, err, began) {
				return err
			}
		}
	})
	done(err)
	if err == nil && g.Ready != nil {
		err = g.Ready(b.grp, s)
	}
	if err == nil {
		g.Record.Ready(s.Name)
		b.watches.Go(func() { g.watch(ctx, s, b) })
		close(b.ready[s.Name])
	}
	return err
}

// awaitNeeds returns when all that a service depends on is ready.
func (b bringing) awaitNeeds(s stack.Service) error {
	for _, d := range s.DependsOn {
		if b.ready[d] == nil {
			continue // already up, from an earlier call
		}
		select {
		case <-b.ready[d]:
		case <-b.grp.Done():
			return context.Cause(b.grp)
		}
	}
	return nil
}

// of returns the suffix of a step's name.
func (g *Group) of() string {
	if g.Of == "" {
		return ""
	}
	return " of " + g.Of
}

// title returns the name of a service in progress and journal.
func (g *Group) title(service string) string {
	if g.Title == "" {
		return service
	}
	return g.Title + " " + service
}

// pairs returns a sorted KEY=VALUE list.
func pairs(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return out
}
