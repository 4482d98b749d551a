package bootstrap

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// long is a timeout that no test reaches unless something hangs.
const long = time.Minute

// fixture is a bootstrap of a database, a cache that is not committed, and a web service with one step, on an engine
// that has only their images.
type fixture struct {
	*enginetest.Fake
	req Request
	// programs are what services run, and what steps do, by "SERVICE COMMAND".
	programs map[string]enginetest.Program
	before   []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fake: enginetest.New(t), programs: map[string]enginetest.Program{
		"db":       database(probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}),
		"cache":    enginetest.Listening(11211),
		"web":      website(enginetest.Answer(200, "fine")),
		"web load": enginetest.Exit(0, "schema made", "loaded"),
	}}
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		return f.programs[strings.Join(append([]string{s.Labels[label.Service]}, s.Command...), " ")]
	})
	f.req = Request{
		Engine: f.Engine(t), Stack: demo(), Snapshot: snapshottest.New("demo", "0123456789abcdef", time.Now(), "cache", "db", "web"),
		Built: map[string]string{}, Labels: map[string]string{label.Context + "source": "sha256:01"},
		Platform: "linux/amd64", Owner: owner.Current(), Journal: journal.New(nil), Sealer: f.Fake,
	}
	for _, s := range f.req.Stack.Services {
		ref := snapshot.Tag("demo", s.Name, f.req.Snapshot.Key) + "-built-x"
		f.req.Built[s.Name] = ref
		f.AddImage(enginetest.Image{
			Tags: []string{ref}, Env: []string{"PATH=/bin"}, Layers: []enginetest.Layer{{Name: "built " + s.Name, Size: 100e6}},
			Labels: map[string]string{label.Owner: f.req.Owner.String(), label.Role: label.RoleBuilt, "own": s.Name},
		})
	}
	f.before = f.Objects()
	return f
}

func demo() *stack.Stack {
	return &stack.Stack{
		Name: "demo",
		Services: []stack.Service{
			{Name: "cache", StopGracePeriod: long, Ready: stack.Ready{TCP: &stack.TCP{Port: 11211}}},
			{
				Name: "db", Snapshot: true, StopGracePeriod: long, Environment: map[string]string{"MYSQL_PASSWORD": "secret"},
				Ready: stack.Ready{MySQL: &stack.MySQL{Port: 3306, User: "bugs", Password: "secret", Database: "bugs", Query: "SELECT 1"}},
			},
			{
				Name: "web", Snapshot: true, StopGracePeriod: long, DependsOn: []string{"cache", "db"},
				Environment: map[string]string{"DB_HOST": "db", "MODE": "normal"},
				Ready:       stack.Ready{HTTP: &stack.HTTP{Port: 8000, Path: "/", MinStatus: 200, MaxStatus: 399}},
			},
		},
		Bootstrap: []stack.Step{{Service: "web", Command: []string{"load"}, Environment: map[string]string{"MODE": "load", "ONCE": "1"}}},
		URL:       stack.URL{Service: "web", Port: 8000, Environment: map[string]string{"URLBASE": "{{.URL}}/"}},
	}
}

// database listens at once and ends with exit code 0 on a signal.
func database(m probetest.MySQL) enginetest.Program {
	return func(p *enginetest.Proc) int {
		p.Listen(3306, m.Serve)
		p.Print("ready for connections")
		return p.UntilStopped(0)
	}
}

func website(h http.Handler) enginetest.Program {
	return func(p *enginetest.Proc) int {
		p.Listen(8000, enginetest.HTTP(h))
		return p.UntilStopped(0)
	}
}

// leavesNothing checks that the objects on the engine are those that were there before.
func (f *fixture) leavesNothing(t *testing.T) {
	t.Helper()
	assert.DeepEqual(t, f.Objects(), f.before)
}

// events records what is done to containers, by service.
func (f *fixture) events() func() []string {
	var mu sync.Mutex
	var list []string
	note := func(verb, id string) {
		c, _ := f.Container(id)
		what := append([]string{verb, strings.TrimPrefix(c.Name, Name(f.req.Snapshot.Key)+"-")}, c.Config.Cmd...)
		mu.Lock()
		defer mu.Unlock()
		list = append(list, strings.Join(what, " "))
	}
	for _, verb := range []string{"start", "kill"} {
		f.Before("POST", "/containers/[^/]+/"+verb, func(r *http.Request) { note(verb, strings.Split(r.URL.Path, "/")[2]) })
	}
	f.Before("POST", "/commit", func(r *http.Request) { note("commit", r.URL.Query().Get("container")) })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}
