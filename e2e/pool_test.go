package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// pool is a pool on a stack. Its instances have a variable that those of other tests lack, so that nobody else takes them.
type pool struct {
	*harness.App
	id string
}

const poolVariable = "--env=POOL=yes"

func newPool(t testing.TB, a *harness.App, size string) pool {
	t.Helper()
	args := a.Args("up", "--quiet", "--size", size, poolVariable)
	p := pool{a, harness.BMO(t, slices.Concat([]string{"pool"}, args)...).OK(t).Text()}
	t.Cleanup(func() { harness.BMO(t, "pool", "down", p.id) })
	return p
}

// waits are the names of the instances that wait in the pool.
func (p pool) waits(t testing.TB) []string {
	t.Helper()
	return strings.Fields(harness.Docker(t, "ps", "--filter", "label=docker-bmo.pool="+p.id, "--filter", "label=docker-bmo.lead=true",
		"--filter", "status=paused", "--format", `{{.Label "docker-bmo.instance"}}`))
}

// ready returns how many instances of the pool wait.
func (p pool) ready(t testing.TB) string {
	t.Helper()
	for _, line := range harness.Lines(harness.BMO(t, "pool", "ls", "--format", "json").OK(t).Stdout) {
		var row struct{ ID, Ready string }
		assert.NilError(t, json.Unmarshal([]byte(line), &row))
		if row.ID == p.id {
			return row.Ready
		}
	}
	return ""
}

// Humans do not wait on machines: instances wait paused, a run takes one that answers at once, and others take its place.
func TestPool(t *testing.T) {
	harness.OnOneEngine(t)
	a, key := demo(t)
	p := newPool(t, a, "2")
	assert.Equal(t, p.ready(t), "2/2")
	names := p.waits(t)
	assert.Equal(t, len(names), 2)
	for _, id := range strings.Fields(harness.Docker(t, "ps", "--quiet", "--filter", "label=docker-bmo.pool="+p.id)) {
		assert.Equal(t, harness.Docker(t, "inspect", "--format", "{{.State.Paused}}", id), "true")
	}

	var starts []*harness.Process
	for range 2 {
		starts = append(starts, a.Start(t, "run", "--detach", "--format", "json", poolVariable))
	}
	var taken []*harness.Instance
	for _, s := range starts {
		i := harness.ParseInstance(t, s.Wait(t).OK(t))
		assert.Assert(t, strings.HasPrefix(i.Key, key))
		assert.Assert(t, slices.Contains(names, i.Name), "%s was not one of %v", i.Name, names)
		i.Tracker().Answers(t)
		taken = append(taken, i)
	}
	assert.Assert(t, taken[0].Name != taken[1].Name)
	id := taken[0].Tracker().Create(t, "TestProduct", "TestComponent", "only here")
	assert.Equal(t, taken[0].Tracker().Summary(t, id), "only here")
	assert.Equal(t, taken[1].Tracker().Bugs(t), 0)
	harness.Until(t, "the pool is full again", func() bool { return p.ready(t) == "2/2" })

	harness.BMO(t, "pool", "down", p.id).OK(t)
	assert.Equal(t, len(p.waits(t)), 0)
	taken[0].Tracker().Answers(t)
}

// TestPoolMemberGoesWithItsTaker: who has taken an instance for a command and is killed takes it along; the pool stays.
func TestPoolMemberGoesWithItsTaker(t *testing.T) {
	harness.OnOneEngine(t)
	a, _ := demo(t)
	p := newPool(t, a, "1")
	name := p.waits(t)[0]
	run := a.Start(t, "run", poolVariable, "--", "sh", "-c", "echo at $BMO_URL; sleep 600")
	run.Await(t, &run.Stdout, "at http://127.0.0.1:")
	harness.Until(t, "the pool is full again", func() bool { return p.ready(t) == "1/1" })
	assert.NilError(t, run.Signal(syscall.SIGKILL))
	run.Wait(t)
	harness.Sweep(t)
	harness.Removed(t, name)
	assert.Equal(t, p.ready(t), "1/1")
}
