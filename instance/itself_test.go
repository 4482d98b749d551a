package instance

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/stack"
)

// leads returns the services in which the instance's address leads to an address of the network, sorted, and fails the
// test for any other port.
func (f *fixture) leads(t *testing.T, i *Instance) (services []string) {
	t.Helper()
	at, err := url.Parse(i.URL)
	assert.NilError(t, err)
	target, err := f.req.Engine.Address(t.Context(), i.Services["web"])
	assert.NilError(t, err)
	for _, l := range f.Leads() {
		words := strings.Fields(l)
		assert.DeepEqual(t, words[1:], []string{at.Port(), target, "8000"})
		services = append(services, strings.TrimPrefix(words[0], "docker-bmo-"+i.Name+"-"))
	}
	slices.Sort(services)
	return services
}

// U10: the instance's address leads to the application from within each of its services.
func TestU10AddressFromWithin(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"an address that is chosen before the start": func(*fixture) {},
		"an address that the engine chooses":         func(f *fixture) { f.req.Stack.URL.Environment = nil },
		"a service that may be started again":        func(f *fixture) { f.req.Stack.Services[1].Restart = true },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.worker(t, enginetest.Serve())
			change(f)
			i := f.start(t)
			// The container of the application is called otherwise until the instance is ready.
			assert.DeepEqual(t, f.leads(t, i), []string{"db", "web-starting", "worker"})
			assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
			f.leavesNothing(t)
		})
	}
}

// TestU10MySQLAsksNobody: nothing is put into a MySQL server's container.
func TestU10MySQLAsksNobody(t *testing.T) {
	s := &start{Request: Request{Stack: demo()}, port: 20000}
	wants := s.newItself(t.Context()).wants
	assert.Assert(t, !wants(stack.Service{Name: "db", Ready: stack.Ready{MySQL: &stack.MySQL{}}}))
	assert.Assert(t, wants(stack.Service{Name: "web"}))
	s.port = 8000 // where the application listens itself
	assert.Assert(t, !wants(stack.Service{Name: "web"}))
	assert.Assert(t, wants(stack.Service{Name: "worker"}))
	s.Stack.URL = stack.URL{}
	assert.Assert(t, !wants(stack.Service{Name: "worker"}))
}

// TestU10StepReachesTheApplication: the address leads there before a step in the service runs.
func TestU10StepReachesTheApplication(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Start = []stack.Step{
		{Service: "db", Command: []string{"before"}, Exec: true}, // the application does not run yet, and is not waited for
		{Service: "web", Command: []string{"after"}, Exec: true},
	}
	var leads []string
	f.SetCommand(func(x *enginetest.Exec) int {
		if x.Options.Cmd[0] == "after" {
			leads = f.Leads()
		}
		return 0
	})
	f.start(t)
	assert.Assert(t, slices.ContainsFunc(leads, func(l string) bool { return strings.Contains(l, "-web-starting ") }), "%q", leads)
}

// TestU10ReadOnly: where nothing can be put into the container, the program is in one next to it, which goes with the
// instance.
func TestU10ReadOnly(t *testing.T) {
	f := newFixture(t)
	f.Fail("PUT", "/containers/[^/]+/archive", 400, "container rootfs is marked read-only", 1)
	programs := f.programs
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Relay] != "" {
			assert.Check(t, s.Labels[label.Service] == "")
			return enginetest.Serve()
		}
		return programs[s.Labels[label.Service]]
	})
	i := f.start(t)
	var commands []string
	for _, o := range f.Objects() {
		if name, ok := strings.CutPrefix(o, "container "); ok && strings.Contains(name, "-relay-") {
			c, _ := f.Container(name)
			commands = append(commands, strings.Join(c.Config.Cmd, " "))
			assert.Equal(t, c.Config.StopSignal, "SIGKILL")
		}
	}
	assert.Equal(t, len(commands), 1)
	assert.Assert(t, strings.HasSuffix(commands[0], " 8000 stay"), commands[0])
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

// TestU10ApplicationListensThere: one that listens to its instance's port itself is left alone; in another service it is
// said that the port leads nowhere.
func TestU10ApplicationListensThere(t *testing.T) {
	f := newFixture(t)
	f.TakeInside()
	var said []string
	f.req.Warn = func(err error) { said = append(said, err.Error()) }
	f.start(t)
	assert.Equal(t, len(f.Leads()), 0)
	assert.Equal(t, len(said), 1, "%q", said)
	assert.Assert(t, strings.HasPrefix(said[0], "service db "), said[0])
	assert.Assert(t, strings.HasSuffix(said[0], ": the port is in use in the container itself"), said[0])
}

// TestU10WithoutIsSaid: an instance that cannot have it starts all the same.
func TestU10WithoutIsSaid(t *testing.T) {
	f := newFixture(t)
	f.Fail("PUT", "/containers/[^/]+/archive", 409, "the container is being removed", 2)
	var said []string
	f.req.Warn = func(err error) { said = append(said, err.Error()) }
	i := f.start(t)
	slices.Sort(said)
	assert.Equal(t, len(said), 2)
	assert.Assert(t, strings.HasPrefix(said[0], "service db does not reach the application at "+i.URL[len("http://"):]+": "), said[0])
	assert.Assert(t, strings.HasSuffix(said[1], "is being removed"), said[1])
}
