package instance

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestEarly: a service that waits by itself starts with what it depends on; here that becomes ready only afterwards.
func TestEarly(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[1].Early = true
	started := make(chan struct{})
	web := f.programs["web"]
	f.programs["web"] = func(p *enginetest.Proc) int {
		close(started)
		return web(p)
	}
	f.programs["db"] = func(p *enginetest.Proc) int {
		<-started
		p.Listen(3306, enginetest.Silent)
		return p.UntilStopped(0)
	}
	i := f.start(t)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

// TestEarlyWithSteps: a step that runs before the service may need what that depends on.
func TestEarlyWithSteps(t *testing.T) {
	f := newFixture(t)
	s := &start{Request: f.req}
	web := stack.Service{Name: "web", Early: true}
	assert.Assert(t, s.early(web))
	s.Stack.Start = []stack.Step{{Service: "web", Exec: true}, {Service: "db"}}
	assert.Assert(t, s.early(web), "neither runs before it")
	s.Stack.Start = append(s.Stack.Start, stack.Step{Service: "web"})
	assert.Assert(t, !s.early(web))
	assert.Assert(t, !s.early(stack.Service{Name: "web"}))
}
