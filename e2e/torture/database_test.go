package torture

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// A database that is killed in the middle of the bootstrap makes no snapshot, and the error names it.
func TestDatabaseKilledInTheBootstrap(t *testing.T) {
	only(t, "database")
	a := harness.NewDemo(t, "killed-db", nil)
	before := a.Keys(t)
	p := a.Start(t, "build", "--progress", "plain")
	p.Await(t, &p.Stderr, `(?m)^#\d+ bootstrap 1/`)
	db := harness.Docker(t, "ps", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name, "--filter", "label=docker-bmo.service=db")
	assert.Equal(t, len(harness.Lines(db)), 1, "%s", db)
	harness.Docker(t, "kill", "--signal", "KILL", db)
	r := p.Wait(t).Fails(t, 1, "error: ", "before that, service db ended with exit code 137", "hint: ")
	t.Log(r.Stderr[strings.Index(r.Stderr, "error: "):])
	assert.Equal(t, judge(Removed, r), "")
	a.LeavesNothing(t)
	assert.DeepEqual(t, a.Keys(t), before)

	i := a.Run(t)
	i.Tracker().Answers(t)
}
