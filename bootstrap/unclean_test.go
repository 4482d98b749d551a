package bootstrap

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

func TestStory08UncleanStopIsNotCommitted(t *testing.T) {
	f := newFixture(t)
	clean := f.programs["db"]
	f.programs["db"] = func(p *enginetest.Proc) int {
		clean(p)
		p.Print("[ERROR] Assertion failure")
		return 1
	}
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "service db ended with exit code 1 when it was stopped: not committed; its last lines:\n  ready for connections\n  [ERROR] Assertion failure")
	assert.Equal(t, f.Count("POST", "/commit"), 1) // the step's
	f.leavesNothing(t)
}

func TestStory08KilledIsNotCommitted(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[1].StopGracePeriod = time.Millisecond
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}.Serve)
		return enginetest.Stubborn()(p)
	}
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "service db did not stop within 1ms of its stop signal and was killed: not committed")
	assert.Assert(t, strings.Contains(hint.All(err)[0], "`init: true`"))
	assert.Equal(t, f.Count("POST", "/commit"), 1) // the step's
	f.leavesNothing(t)
}

// TestCrashedDatabaseIsNotCommitted: a database that ended by itself while the steps ran is treated like one that was
// killed.
func TestCrashedDatabaseIsNotCommitted(t *testing.T) {
	f := newFixture(t)
	crash := make(chan struct{})
	clean := f.programs["db"]
	f.programs["db"] = func(p *enginetest.Proc) int {
		go clean(p)
		<-crash
		return 139
	}
	f.programs["web load"] = func(*enginetest.Proc) int { close(crash); return 0 }
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "check the bootstrapped application: service db: ended with exit code 139 before the others were ready")
	f.leavesNothing(t)
}

// TestKilledCacheDoesNotMatter: killing a service that is not committed loses nothing.
func TestKilledCacheDoesNotMatter(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[0].StopGracePeriod = time.Millisecond
	f.programs["cache"] = func(p *enginetest.Proc) int {
		p.Listen(11211, probetest.HangUp)
		return enginetest.Stubborn()(p)
	}
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, s.Complete())
}
