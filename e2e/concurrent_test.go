package e2e

import (
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// waiting is what a build says that leaves the bootstrap to another one.
const waiting = "wait for another docker bmo"

// Two builds with one key at once: one works, the other waits for it.
func TestTwoBuildsMakeOneSnapshot(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "twice", nil)
	slow := []string{"--progress", "plain", "--set", "DEMO_BOOTSTRAP_DELAY=3"}
	one := a.start(t, "build", slow...)
	one.await(t, &one.stderr, `#\d+ bootstrap 1/1`)
	two := a.start(t, "build", slow...)
	two.await(t, &two.stderr, waiting)

	key := one.wait(t).ok(t).text()
	r := two.wait(t).ok(t)
	assert.Equal(t, r.text(), key)
	assert.Assert(t, !strings.Contains(r.stderr, "bootstrap 1/1"), "the second one bootstrapped, too:\n%s", r.stderr)
	assert.DeepEqual(t, a.keys(t), []string{key})
	a.leavesNothing(t)
}

// Both start at the same moment, and whoever comes first is first.
func TestManyRunsBuildOnce(t *testing.T) {
	t.Parallel()
	a := newMini(t, "many", nil)
	var all []*process
	for range 4 {
		all = append(all, a.start(t, "run", "--detach", "--format", "json", "--progress", "plain"))
	}
	steps := 0
	for _, p := range all {
		r := p.wait(t).ok(t)
		get(t, parseInstance(t, r).URL)
		steps += strings.Count(r.stderr, " bootstrap 1/1 web: ")
	}
	assert.Equal(t, steps, 1, "first runs")
	assert.Equal(t, len(a.keys(t)), 1)
}

// The one that works is killed: the one that waits takes over.
func TestWaitingBuildTakesOver(t *testing.T) {
	t.Parallel()
	a := newMini(t, "takes-over", nil)
	one := a.start(t, "build", "--progress", "plain", "--set", "MINI_FIRST_RUN=blocks")
	one.await(t, &one.stderr, `\d first run begins`)
	two := a.start(t, "build", "--progress", "plain", "--set", "MINI_FIRST_RUN=blocks")
	two.await(t, &two.stderr, waiting)
	assert.NilError(t, one.signal(syscall.SIGKILL))
	two.await(t, &two.stderr, `\d first run begins`)
	assert.NilError(t, two.signal(syscall.SIGINT))
	two.wait(t).fails(t, 130)
	bmo(t, "ps").ok(t)
	a.leavesNothing(t)
}
