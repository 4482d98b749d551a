package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Request describes the instance to start.
type Request struct {
	Engine   *engine.Engine
	Stack    *stack.Stack
	Snapshot *snapshot.Snapshot
	// Flavor is one of the stack's flavors; empty for the default one.
	Flavor string
	// Name is the instance's name; if empty, one is made up.
	Name string
	// Detach makes an instance that outlives the command.
	Detach bool
	Owner  owner.Owner
	// Environment is added to that of the application's service, and overrides it.
	Environment map[string]string
	// Proxies are the environment that a docker configuration has for containers.
	Proxies map[string]string
	// Live mounts the project's own files in place of the copies that the snapshot has. Prefix is what a name is made up of,
	// "" for the stack's.
	Live   bool
	Prefix string
	// Pool says to which pool the instance belongs, or which one it may be taken from.
	Pool Pool
	// Publish are ports to publish in addition to the application's, or that port under a number that the user chooses.
	Publish []Publish
	// Timeout is how long each probe of a service may take, counted from when it begins: when the service's container has
	// been started, or when the probe before it has succeeded. A service's own ready.timeout overrides it; 0 means
	// DefaultTimeout.
	Timeout time.Duration
	// Within is how long all services together may take, counted from when their containers begin to be created. If set,
	// it overrides Timeout and every ready.timeout; 0 means no such limit.
	Within time.Duration
	// Warn, if not nil, is called with problems after the start, such as connections that could not be forwarded.
	Warn func(error)
	// Title is put before the services' names in progress and journal; empty for a single instance. Journal and Progress
	// may be nil.
	Title    string
	Journal  *journal.Recorder
	Progress *progress.Printer
	// Keeper keeps a record of the instance, until its End is called with the instance's Record; nil for none.
	Keeper *journal.Keeper
}

// DefaultTimeout is the Timeout of a Request that has none.
const DefaultTimeout = time.Minute

// start is a start in progress.
type start struct {
	Request
	created time.Time
	id      string // of the record; empty for none
	record  *journal.Record
	group   *launch.Group
	network string
	forward *Forward // nil if the application's port is published
	also    []held   // other forwarded ports
	secrets *stack.Secrets
	itself  *itself

	mu     sync.Mutex
	port   int             // where the application is published
	picked map[Publish]int // where other ports are that may be anywhere
}

// Start starts an instance and returns when it is ready. If it fails, nothing of the instance is left on the engine.
//
// A step of the start that fails is a *launch.StepError. A service that ends or does not become ready is a *launch.ServiceError, which wraps a *launch.ExitError or a
// *probe.NotReadyError. A name that is invalid or taken, and a port that is taken, are errors with a hint and have no
// type of their own. If removing what was made fails, that error is joined to the first one.
func Start(ctx context.Context, r Request) (*Instance, error) {
	if r.Flavor == "" {
		r.Flavor = stack.DefaultFlavor
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if err := CheckName(r.Name); err != nil {
		return nil, err
	}
	if i, err := take(ctx, r); i != nil || err != nil {
		return i, err
	}
	for try, taken := 1, 0; ; try++ {
		i, err := startOnce(ctx, r)
		if engine.IsInUse(launch.Cause(err)) && taken < takenTries && engine.Sleep(ctx, takenPause) {
			taken++
			continue
		}
		if err = launch.Removed(err); try == portTries || !again(err) || ctx.Err() != nil {
			return i, err
		}
	}
}

func startOnce(ctx context.Context, r Request) (_ *Instance, err error) {
	s := &start{Request: r, created: r.Engine.Now(), secrets: &stack.Secrets{}}
	if r.Keeper != nil {
		s.id = journal.NewID(r.Engine.Now())
	}
	if err := s.reserve(ctx); err != nil {
		return nil, err
	}
	s.record = r.Keeper.Begin(ctx, journal.Header{
		ID: s.id, Kind: label.RoleInstance, Name: s.Name, Key: s.Snapshot.Key, Stack: s.Stack.Name,
	}).Record()
	defer func() {
		if err != nil {
			err = s.abandon(ctx, err)
		}
	}()
	s.Engine.Locate(ctx)
	if err := s.checkLive(); err != nil {
		return nil, err
	}
	if err := s.hold(); err != nil {
		return nil, err
	}
	s.choosePort()
	s.group = s.newGroup()
	if err := s.fillVolumes(ctx); err != nil {
		return nil, err
	}
	services := s.services()
	// Nobody asks how a container ends once the instance is ready, and each of these watches is a connection.
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	s.itself = s.newItself(watched)
	defer s.itself.end()
	err = s.group.Up(watched, services, s.startService)
	if lost := s.group.LostVolume(ctx, s.Snapshot.Volumes); lost != nil {
		err = errors.Join(lost, err) // which an empty volume may have caused
	}
	if err != nil {
		return nil, err
	}
	s.itself.settle()
	if err := s.finish(ctx); err != nil {
		return nil, err
	}
	return s.instance(ctx)
}

// reserve creates the network. Its name is the instance's name, and the engine allows it only once.
func (s *start) reserve(ctx context.Context) error {
	for try := 0; ; try++ {
		name := s.Name
		if name == "" {
			name = madeUpName(cmp.Or(s.Prefix, s.Stack.Name))
		}
		id, err := s.Engine.CreateNetwork(ctx, objectName(name), s.labels(name, ""), launch.Addresses(s.Stack))
		switch {
		case err == nil:
			s.Name, s.network = name, id
			return nil
		case engine.IsConflict(err) && s.Name != "":
			return &TakenError{name}
		case !engine.IsConflict(err) || try == 10:
			return err
		}
	}
}

// TakenError reports that an instance of that name is there already.
type TakenError struct{ Name string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("an instance named %s is there already", e.Name)
}

// Hint says what to do about it.
func (e *TakenError) Hint() string {
	return "choose another name, or remove it: `docker bmo stop " + e.Name + "`"
}

// validName matches the names that docker accepts for a container.
var validName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

func (s *start) newGroup() *launch.Group {
	g := launch.New(s.Engine)
	g.Network = s.network
	g.Name = func(service string) string {
		if service == s.lead() {
			return label.StartingName(containerName(s.Name, service))
		}
		return containerName(s.Name, service)
	}
	g.Image = func(service string) string { return s.Snapshot.Images[service].ID }
	g.Labels = func(service string) map[string]string { return s.labels(s.Name, service) }
	g.Environment, g.Proxies, g.Secrets = s.environment, s.Proxies, s.secrets
	g.Volume, g.Filled, g.Content = s.volume, true, s.Stack.Content
	g.Before, g.Ready, g.Early = s.stepsBefore, s.ready, s.early
	g.Publish, g.Live = s.published, s.live
	g.Forwarded = func(service string) bool { return s.forwardedPorts(service) != "" }
	g.Timeout, g.Within, g.Title = s.Timeout, s.Within, s.Title
	g.Journal, g.Progress, g.Of, g.Record = s.Journal, s.Progress, s.Name, s.record
	return g
}

// vars are the variables of the stack's templates for an instance of that name.
func (s *start) vars(name string) stack.Vars {
	return launch.Vars(s.Stack.URL, s.currentPort(), name, s.secrets)
}

// ready is called when a service is ready.
func (s *start) ready(ctx context.Context, svc stack.Service) error {
	s.itself.ready(ctx, svc)
	return s.stepsIn(ctx, svc)
}

// environment returns what a service is given in addition to its own environment.
func (s *start) environment(service string) map[string]string {
	if service != s.lead() {
		return nil
	}
	env := map[string]string{}
	if service == s.Stack.URL.Service {
		// Loading the stack has rendered it already: there is no error.
		env, _ = s.Stack.URL.Render(s.vars(s.Name))
	}
	maps.Copy(env, s.Environment)
	return env
}

// finish marks the instance as ready, or as one that waits in its pool.
func (s *start) finish(ctx context.Context) error {
	show := func() error { return s.Engine.Rename(ctx, s.group.ID(s.lead()), containerName(s.Name, s.lead())) }
	if s.Pool.ID != "" {
		show = func() error { return s.rest(ctx) }
	}
	if err := show(); err != nil {
		return err
	}
	s.record.Ready("")
	if s.Detach { // from now on the engine alone watches: each watch is a connection for each container
		s.Keeper.End(ctx, s.id, "", nil)
	}
	return nil
}

// abandon removes what has been made so far, because of err, even if the caller's context is done. It returns err with
// all that is to be said of it.
func (s *start) abandon(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	s.forward.Close()
	left := s.Progress.Step(ctx, "remove "+s.Name, func(ctx context.Context, _ *progress.Log) error {
		return Remove(ctx, s.Engine, &Instance{Name: s.Name, Created: s.created}, 0)
	})
	if s.record != nil {
		s.Keeper.End(ctx, s.id, "failed", err)
		err = launch.Kept(err, s.Name)
	}
	return errors.Join(err, left)
}

func (s *start) instance(ctx context.Context) (*Instance, error) {
	vars := s.vars(s.Name)
	env, err := s.Stack.RenderEnv(vars)
	if err != nil {
		return nil, err
	}
	ports, err := s.publicPorts(ctx)
	if err != nil {
		return nil, err
	}
	inst := &Instance{
		Name: s.Name, Stack: s.Stack.Name, Key: s.Snapshot.Key, Flavor: s.Flavor, State: Ready, Detached: s.Detach,
		Created: s.created, Env: env, Services: map[string]string{}, Ports: ports, Forward: s.forward, Record: s.id,
	}
	if s.Stack.URL.Service != "" {
		inst.URL = vars.URL
	}
	s.serveForwards()
	for _, svc := range launch.Lasting(s.Stack) {
		inst.Services[svc.Name] = s.group.ID(svc.Name)
		if launch.MayEnd(svc) {
			inst.MayEnd = append(inst.MayEnd, svc.Name)
		}
	}
	return inst, nil
}
