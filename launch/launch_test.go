package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// long is a timeout that no test reaches unless something hangs.
const long = time.Minute

// programs are what each service's containers run.
type programs map[string]enginetest.Program

// newGroup returns a group on a fake engine.
func newGroup(t *testing.T, p programs) (*Group, *enginetest.Fake) {
	t.Helper()
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program { return p[s.Name] })
	network, err := f.AddNetwork("net", nil)
	assert.NilError(t, err)
	g := New(f.Engine(t))
	g.Network, g.Timeout, g.Attach = network, long, true
	g.Name = func(service string) string { return service }
	g.Image = func(string) string { return "app:1" }
	g.Labels = func(service string) map[string]string { return map[string]string{"service": service} }
	g.Journal = journal.New(nil)
	return g, f
}

// tcp returns a service that is ready when its port accepts connections.
func tcp(name string, port int, needs ...string) stack.Service {
	return stack.Service{Name: name, DependsOn: needs, Ready: stack.Ready{TCP: &stack.TCP{Port: port}}}
}

// starts records the order in which containers are started.
func starts(f *enginetest.Fake) func() []string {
	var mu sync.Mutex
	var order []string
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		c, _ := f.Container(strings.Split(r.URL.Path, "/")[2])
		mu.Lock()
		defer mu.Unlock()
		order = append(order, c.Name)
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(order)
	}
}

func TestStory05OrderByReadinessNotByStart(t *testing.T) {
	open := make(chan struct{})
	g, f := newGroup(t, programs{
		"db": func(p *enginetest.Proc) int {
			select {
			case <-open:
			case <-p.Killed():
				return 137
			}
			return enginetest.Listening(3306)(p)
		},
		"web": enginetest.Listening(8000),
	})
	order := starts(f)
	var once sync.Once
	f.Before("POST", "/exec/[^/]+/start", func(*http.Request) {
		if f.Count("POST", "/exec/[^/]+/start") == 3 { // db is running, and has been probed without success
			assert.Check(t, slices.Equal(order(), []string{"db"}), "%s", order())
			once.Do(func() { close(open) })
		}
	})
	assert.NilError(t, g.Up(t.Context(), []stack.Service{tcp("db", 3306), tcp("web", 8000, "db")}, nil))
	assert.DeepEqual(t, order(), []string{"db", "web"})
}

// TestIndependentServicesStartAtOnce: neither of two services becomes ready before the other one runs.
func TestIndependentServicesStartAtOnce(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	meet := func(p *enginetest.Proc) int {
		both.Done()
		both.Wait()
		return enginetest.Listening(1)(p)
	}
	g, _ := newGroup(t, programs{"a": meet, "b": meet})
	assert.NilError(t, g.Up(t.Context(), []stack.Service{tcp("a", 1), tcp("b", 1)}, nil))
}

func TestExitBeforeReady(t *testing.T) {
	for _, attach := range []bool{true, false} {
		t.Run(fmt.Sprint("attach ", attach), func(t *testing.T) {
			g, _ := newGroup(t, programs{"db": enginetest.Exit(3, "cannot open", "giving up")})
			g.Attach = attach
			err := g.Up(t.Context(), []stack.Service{tcp("db", 3306), tcp("web", 8000, "db")}, nil)
			assert.Error(t, err, "service db: ended with exit code 3 before it was ready\nlast lines of db:\n  cannot open\n  giving up")
			var exit *ExitError
			assert.Assert(t, errors.As(err, &exit) && exit.Code == 3)
			var svc *ServiceError
			assert.Assert(t, errors.As(err, &svc) && svc.Service == "db")
		})
	}
}

// TestOneFailureCallsTheOthersOff: the error is that of the service that failed, not of those that were cancelled.
func TestOneFailureCallsTheOthersOff(t *testing.T) {
	tried := make(chan struct{})
	g, f := newGroup(t, programs{
		"db":    func(p *enginetest.Proc) int { <-tried; return enginetest.Exit(3, "giving up")(p) },
		"cache": enginetest.Serve("never ready"),
	})
	var once sync.Once
	cache := func(r *http.Request) {
		if c, _ := f.Container("cache"); strings.Contains(r.URL.Path, c.ID) && c.ID != "" {
			once.Do(func() { close(tried) })
		}
	}
	f.After("POST", "/containers/[^/]+/exec", cache)
	err := g.Up(t.Context(), []stack.Service{tcp("cache", 11211), tcp("db", 3306), tcp("web", 8000, "db", "cache")}, nil)
	assert.Error(t, err, "service db: ended with exit code 3 before it was ready\nlast lines of db:\n  giving up")
}

// TestLastLinesAreSaidOnce: the failed step has them if progress is shown, and otherwise the error.
func TestLastLinesAreSaidOnce(t *testing.T) {
	var shown bytes.Buffer
	g, _ := newGroup(t, programs{"db": enginetest.Exit(3, "cannot open", "giving up")})
	g.Of = "demo-1"
	var err error
	g.Progress, err = progress.New(&shown, "plain", "Running")
	assert.NilError(t, err)
	err = g.Up(t.Context(), []stack.Service{tcp("db", 3306)}, nil)
	g.Progress.Close()
	assert.Error(t, err, "service db: ended with exit code 3 before it was ready")
	_, end, _ := strings.Cut(shown.String(), "------\n")
	assert.Assert(t, strings.HasPrefix(end, " > start db of demo-1:\n"), shown.String())
	for _, line := range []string{"cannot open", "giving up"} {
		assert.Assert(t, strings.Contains(end, " "+line+"\n"), shown.String())
	}
}

// TestNothingPrinted: that nothing was printed is said, too; otherwise the end of a failed step would be empty.
func TestNothingPrinted(t *testing.T) {
	var shown bytes.Buffer
	g, _ := newGroup(t, programs{"db": enginetest.Exit(3)})
	var err error
	g.Progress, err = progress.New(&shown, "plain", "Running")
	assert.NilError(t, err)
	err = g.Up(t.Context(), []stack.Service{tcp("db", 3306)}, nil)
	g.Progress.Close()
	assert.Error(t, err, "service db: ended with exit code 3 before it was ready")
	assert.Assert(t, strings.HasSuffix(shown.String(), " db has printed nothing\n------\n"), shown.String())
}

// TestReason: details that differ each time but mean the same would make the display flicker.
func TestReason(t *testing.T) {
	for _, c := range []struct{ err, want string }{
		{"dial tcp 127.0.0.1:8000: connect: connection refused", "dial tcp 127.0.0.1:8000: connect: connection refused"},
		{"read tcp 127.0.0.1:53412->127.0.0.1:20007: read: connection reset by peer", "read tcp 127.0.0.1:20007: read: connection reset by peer"},
		{"answered 500: first\nsecond", "answered 500: first"},
	} {
		assert.Equal(t, reason(errors.New(c.err)), c.want)
	}
}

func TestNotReadyInTime(t *testing.T) {
	g, _ := newGroup(t, programs{"db": enginetest.Serve("starting up")})
	db := tcp("db", 3306)
	db.Ready.Timeout = time.Millisecond // its own timeout overrides the group's
	err := g.Up(t.Context(), []stack.Service{db}, nil)
	var late *probe.NotReadyError
	assert.Assert(t, errors.As(err, &late), "%v", err)
	assert.ErrorContains(t, err, "service db: not ready after ")
	assert.ErrorContains(t, err, "tcp connect to port 3306: ")
}

func TestInterrupted(t *testing.T) {
	stop := errors.New("enough")
	for _, attach := range []bool{true, false} {
		g, f := newGroup(t, programs{"db": enginetest.Serve(), "web": enginetest.Serve()})
		g.Attach = attach
		ctx, cancel := context.WithCancelCause(t.Context())
		f.Before("POST", "/exec/[^/]+/start", func(*http.Request) { cancel(stop) })
		err := g.Up(ctx, []stack.Service{tcp("db", 3306), tcp("web", 8000, "db")}, nil)
		assert.Equal(t, err, stop)
		assert.Equal(t, f.Count("GET", "/containers/[^/]+/logs"), 0)
	}
}

// TestUpAgain: a running service is left as it is, and counts as ready for services that are started later.
func TestUpAgain(t *testing.T) {
	g, f := newGroup(t, programs{"db": enginetest.Listening(3306), "web": enginetest.Listening(8000)})
	order := starts(f)
	db, web := tcp("db", 3306), tcp("web", 8000, "db")
	assert.NilError(t, g.Up(t.Context(), []stack.Service{db}, nil))
	assert.NilError(t, g.Up(t.Context(), []stack.Service{web}, nil))
	assert.NilError(t, g.Up(t.Context(), []stack.Service{db, web}, nil))
	assert.DeepEqual(t, order(), []string{"db", "web"})

	assert.NilError(t, g.Engine.RemoveContainer(t.Context(), g.ID("web")))
	g.Forget("web")
	assert.Equal(t, g.ID("web"), "")
	assert.Assert(t, g.Process("web") == nil)
	assert.NilError(t, g.Up(t.Context(), []stack.Service{db, web}, nil))
	assert.DeepEqual(t, order(), []string{"db", "web", "web"})
}

func TestCreate(t *testing.T) {
	g, f := newGroup(t, nil)
	g.Environment = func(service string) map[string]string {
		return map[string]string{"URL": "http://" + service, "BOTH": "group"}
	}
	g.Publish = func(string) map[int]int { return map[int]int{8000: 20001} }
	id, err := g.Create(t.Context(), stack.Service{
		Name: "web", Entrypoint: []string{"/start"}, Command: []string{"-x"}, User: "u", WorkingDir: "/w", Hostname: "h",
		Environment: map[string]string{"Z": "1", "A": "2", "BOTH": "service"}, Aliases: []string{"www"}, Tmpfs: []string{"/tmp"},
		StopSignal: "SIGQUIT", MemLimit: 1, ShmSize: 2, Init: true, Ulimits: map[string]stack.Ulimit{"core": {Soft: 1, Hard: 2}},
	})
	assert.NilError(t, err)
	assert.Equal(t, g.ID("web"), id)
	c, _ := f.Container(id)
	assert.DeepEqual(t, c.Config.Env, []string{"A=2", "BOTH=group", "URL=http://web", "Z=1"})
	assert.DeepEqual(t, c.Config.Labels, map[string]string{"service": "web"})
	assert.Equal(t, c.Config.StopSignal, "SIGQUIT")
	assert.Equal(t, c.Host.Ulimits[0].String(), "core=1:2")
	assert.Equal(t, len(c.Host.PortBindings), 1)
	assert.Equal(t, c.Host.Memory+c.Host.ShmSize, int64(3))
}

func TestCreateFails(t *testing.T) {
	g, _ := newGroup(t, programs{"db": enginetest.Listening(3306)})
	g.Image = func(service string) string { return map[string]string{"db": "app:1", "web": "gone:1"}[service] }
	err := g.Up(t.Context(), []stack.Service{tcp("db", 3306), tcp("web", 8000, "db")}, nil)
	assert.ErrorContains(t, err, "create container web: ")
	assert.ErrorContains(t, err, "No such image: gone:1")
}

func TestStartFails(t *testing.T) {
	g, f := newGroup(t, nil)
	f.Fail("POST", "/containers/[^/]+/start", 500, "exec: no such file", 1)
	err := g.Up(t.Context(), []stack.Service{tcp("db", 3306)}, nil)
	assert.ErrorContains(t, err, "service db: start container: ")
	assert.ErrorContains(t, err, "exec: no such file")
}

// TestStartByTheCaller: the caller may start services in its own way; its error is then the service's.
func TestStartByTheCaller(t *testing.T) {
	g, _ := newGroup(t, programs{"db": enginetest.Listening(3306), "web": enginetest.Listening(8000)})
	var order []string
	err := g.Up(t.Context(), []stack.Service{tcp("db", 3306), tcp("web", 8000, "db")}, func(ctx context.Context, s stack.Service) error {
		order = append(order, s.Name)
		if s.Name == "web" {
			return errors.New("not that one")
		}
		_, err := g.Start(ctx, s)
		return err
	})
	assert.Error(t, err, "not that one")
	assert.DeepEqual(t, order, []string{"db", "web"})
}

func TestOutputGoesToTheJournal(t *testing.T) {
	g, _ := newGroup(t, programs{"job": func(p *enginetest.Proc) int {
		fmt.Fprint(p.Stdout, "half ")
		fmt.Fprintln(p.Stderr, "trouble")
		fmt.Fprintln(p.Stdout, "a line")
		return 0
	}})
	assert.NilError(t, g.Up(t.Context(), []stack.Service{{Name: "job"}}, nil))
	<-g.Process("job").Done()
	assert.DeepEqual(t, g.Journal.Tail("job"), []string{"trouble", "half a line"})
}

func TestStory09ProbesOfAService(t *testing.T) {
	db := probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}
	answer := enginetest.HTTP(enginetest.Answer(200, `{"version": 1}`))
	g, _ := newGroup(t, programs{"all": func(p *enginetest.Proc) int {
		p.Listen(3306, db.Serve)
		p.Listen(8000, answer)
		p.Listen(11211, func(net.Conn) {})
		return p.UntilStopped(0)
	}})
	all := stack.Service{Name: "all", Ready: stack.Ready{
		TCP:   &stack.TCP{Port: 11211},
		MySQL: &stack.MySQL{Port: 3306, User: "bugs", Password: "secret", Database: "bugs", Query: "SELECT 1"},
		HTTP:  &stack.HTTP{Port: 8000, Path: "/rest/version", MinStatus: 200, MaxStatus: 299, Body: `"version"`},
	}}
	var names []string
	given, err := g.probes(t.Context(), all)
	assert.NilError(t, err)
	for _, p := range given {
		names = append(names, p.String())
	}
	assert.DeepEqual(t, names, []string{
		"tcp connect to port 11211", "mysql query on port 3306 as bugs", "GET http://127.0.0.1:8000/rest/version",
	})
	assert.NilError(t, g.Up(t.Context(), []stack.Service{all}, nil))

	for name, ready := range map[string]stack.Ready{
		"mysql query": {MySQL: &stack.MySQL{Port: 3306, User: "root", Query: "SELECT 1"}},
		"tcp connect": {TCP: &stack.TCP{Port: 1}},
		"GET":         {HTTP: &stack.HTTP{Port: 8000, MinStatus: 300, MaxStatus: 399}},
	} {
		ready.Timeout = time.Millisecond
		err := g.Await(t.Context(), stack.Service{Name: "all", Ready: ready}, &progress.Log{})
		assert.ErrorContains(t, err, ": "+name, name)
	}
}

// TestPublishedHTTPIsAskedWhereItIsPublished: probes use the address that the application itself has been told.
func TestPublishedHTTPIsAskedWhereItIsPublished(t *testing.T) {
	host := make(chan string, 1)
	g, f := newGroup(t, programs{"web": func(p *enginetest.Proc) int {
		p.Listen(8000, enginetest.HTTP(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { host <- r.Host })))
		return p.UntilStopped(0)
	}})
	g.Publish = func(string) map[int]int { return map[int]int{8000: 0} }
	web := stack.Service{Name: "web", Ready: stack.Ready{HTTP: &stack.HTTP{Port: 8000, MinStatus: 200, MaxStatus: 399}}}
	var addr string
	assert.NilError(t, g.Up(t.Context(), []stack.Service{web}, func(ctx context.Context, s stack.Service) error {
		if _, err := g.Start(ctx, s); err != nil {
			return err
		}
		port, err := g.Engine.PublishedPort(ctx, g.ID("web"), 8000)
		addr = Address(port)
		g.Announce("web", addr)
		return err
	}))
	assert.Equal(t, <-host, addr)
	assert.Equal(t, f.Count("POST", "/exec/.*"), 0)
}

func TestVars(t *testing.T) {
	assert.Equal(t, Vars(stack.URL{}, 8000, "demo-1", nil), stack.Vars{URL: "http://127.0.0.1:8000", Host: "127.0.0.1", Port: "8000", Instance: "demo-1"})
	assert.Equal(t, Vars(stack.URL{Path: "/admin"}, 8000, "demo-1", nil).URL, "http://127.0.0.1:8000/admin")
}

// TestP6Proxies: containers get the proxies of the docker configuration, and what a service says itself wins.
func TestP6Proxies(t *testing.T) {
	g, _ := newGroup(t, programs{})
	g.Proxies = map[string]string{"HTTP_PROXY": "http://proxy.test", "NO_PROXY": "all"}
	spec := g.spec(stack.Service{Name: "web", Environment: map[string]string{"NO_PROXY": "mine"}})
	assert.DeepEqual(t, spec.Environment, []string{"HTTP_PROXY=http://proxy.test", "NO_PROXY=mine"})
}
