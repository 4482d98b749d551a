package instance

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// long is a timeout that no test reaches unless something hangs.
const long = time.Minute

// fixture is an engine with a snapshot of a database and a web service, and a request to start it.
type fixture struct {
	*enginetest.Fake
	req      Request
	programs map[string]enginetest.Program // by service
	before   []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fake: enginetest.New(t), programs: map[string]enginetest.Program{
		"db": enginetest.Listening(3306),
		"web": func(p *enginetest.Proc) int {
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
			return p.UntilStopped(0)
		},
	}}
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program { return f.programs[s.Labels[label.Service]] })
	s := snapshottest.New("demo", "0123456789abcdef", time.Now(), "db", "web")
	snapshottest.Add(f.Fake, s)
	e := f.Engine(t)
	found, err := snapshot.FindKey(t.Context(), e, s.Key)
	assert.NilError(t, err)
	f.req = Request{
		Engine: e, Stack: demo(), Snapshot: found, Owner: owner.Current(), Timeout: long, Journal: journal.New(nil),
	}
	f.before = f.Objects()
	return f
}

func demo() *stack.Stack {
	return &stack.Stack{
		Name: "demo",
		Services: []stack.Service{
			{Name: "db", Ready: stack.Ready{TCP: &stack.TCP{Port: 3306}}, Flavors: map[string]stack.Flavor{
				"regular": {Environment: map[string]string{"SIZE": "regular"}},
			}},
			{Name: "web", DependsOn: []string{"db"}, Ready: stack.Ready{HTTP: &stack.HTTP{Port: 8000, MinStatus: 200, MaxStatus: 399}}},
		},
		URL: stack.URL{Service: "web", Port: 8000, Environment: map[string]string{"URLBASE": "{{.URL}}/", "NAME": "{{.Instance}}"}},
		Env: map[string]string{"BMO_URL": "{{.URL}}", "BMO_INSTANCE": "{{.Instance}}"},
	}
}

// start starts an instance and fails the test if that fails.
func (f *fixture) start(t *testing.T) *Instance {
	t.Helper()
	i, err := Start(t.Context(), f.req)
	assert.NilError(t, err)
	return i
}

// leavesNothing checks that the objects on the engine are those that were there before.
func (f *fixture) leavesNothing(t *testing.T) {
	t.Helper()
	assert.DeepEqual(t, f.Objects(), f.before)
}
