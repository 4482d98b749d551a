package e2e

import (
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// waiting is what a build says that leaves the bootstrap to another one.
const waiting = "wait for another docker bmo"

// Two builds with one key at once: one works, the other waits for it.
func TestTwoBuildsMakeOneSnapshot(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "twice", nil)
	slow := []string{"--progress", "plain", "--set", "MINI_FIRST_RUN=slow"}
	one := a.Start(t, "build", slow...)
	one.Await(t, &one.Stderr, `#\d+ bootstrap 1/1`)
	two := a.Start(t, "build", slow...)
	two.Await(t, &two.Stderr, waiting)

	key := one.Wait(t).OK(t).Text()
	r := two.Wait(t).OK(t)
	assert.Equal(t, r.Text(), key)
	assert.Assert(t, !strings.Contains(r.Stderr, "bootstrap 1/1"), "the second one bootstrapped, too:\n%s", r.Stderr)
	assert.DeepEqual(t, a.Keys(t), []string{key})
	a.LeavesNothing(t)
}

// Both start at the same moment, and whoever comes first is first.
func TestManyRunsBuildOnce(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "many", nil)
	var all []*harness.Process
	for range 4 {
		all = append(all, a.Start(t, "run", "--detach", "--format", "json", "--progress", "plain"))
	}
	steps := 0
	for _, p := range all {
		r := p.Wait(t).OK(t)
		harness.Get(t, harness.ParseInstance(t, r).URL)
		steps += strings.Count(r.Stderr, " bootstrap 1/1 web: ")
	}
	assert.Equal(t, steps, 1, "first runs")
	assert.Equal(t, len(a.Keys(t)), 1)
}

// The one that works is killed: the one that waits takes over.
func TestWaitingBuildTakesOver(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "takes-over", nil)
	one := a.Start(t, "build", "--progress", "plain", "--set", "MINI_FIRST_RUN=blocks")
	one.Await(t, &one.Stderr, `\d first run begins`)
	two := a.Start(t, "build", "--progress", "plain", "--set", "MINI_FIRST_RUN=blocks")
	two.Await(t, &two.Stderr, waiting)
	assert.NilError(t, one.Signal(syscall.SIGKILL))
	two.Await(t, &two.Stderr, `\d first run begins`)
	assert.NilError(t, two.Signal(syscall.SIGINT))
	two.Wait(t).Fails(t, 130)
	harness.Sweep(t)
	a.LeavesNothing(t)
}
