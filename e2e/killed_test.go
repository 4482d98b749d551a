package e2e

import (
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// A killed test run left everything behind. What is killed without warning leaves nothing either, after the next
// sweep; and what is incomplete is never taken for a snapshot.
func TestKilledLeavesNothing(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := newPhases(t, "killed")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.Keys(t)
			p := a.Start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.Signal(syscall.SIGKILL))
			p.Wait(t)

			harness.Sweep(t)
			a.LeavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.Keys(t), before)
			}
		})
	}
}

// The same where it matters most: while the database is being committed.
func TestKilledWhileCommitting(t *testing.T) {
	t.Parallel()
	a := harness.NewDemo(t, "killed-commit", nil)
	for _, moment := range []string{"commit db", "write snapshot images"} {
		p := a.Start(t, "build", "--progress", "plain")
		p.Await(t, &p.Stderr, `(?m)^#\d+ `+moment)
		assert.NilError(t, p.Signal(syscall.SIGKILL))
		p.Wait(t)

		// The engine goes on with a commit that it was asked for, and may end it after the first sweep.
		harness.Until(t, "a sweep that leaves nothing", func() bool {
			harness.Sweep(t)
			return len(a.Rest(t)) == 0
		})
		if len(a.Keys(t)) > 0 {
			break // it was too quick for us, and made a whole one
		}
	}
	i := a.Run(t)
	i.Tracker().Answers(t)
	i.Tracker().Create(t, "TestProduct", "TestComponent", "after all")
	assert.Equal(t, len(a.Keys(t)), 1)
}

// A set of images of which one is gone is no snapshot, and the next sweep removes the others.
func TestIncompleteSnapshotIsGarbage(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "half", harness.Edits{"services.other": map[string]any{
		"build": ".", "command": []string{"perl", "-e", "$$SIG{TERM} = sub { exit 0 }; sleep 1 while 1"},
	}})
	key := a.Build(t)
	harness.Docker(t, "rmi", "docker-bmo/"+a.Name+"-other:"+key)
	assert.Equal(t, len(a.Keys(t)), 0)
	harness.Sweep(t)
	a.LeavesNothing(t)
	assert.Equal(t, harness.Docker(t, "images", "--all", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name), "")
	assert.Equal(t, a.Build(t), key)
	assert.Assert(t, strings.HasPrefix(harness.Get(t, a.Run(t).URL), "hello"))
}

// Ctrl-C reaches docker, the plugin and a test command at once. Nothing is left when they end, without any sweeping:
// hence no other test may run at the same time.
func TestInterruptedCleansUp(t *testing.T) {
	harness.OnOneEngine(t)
	a := newPhases(t, "interrupted")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.Keys(t)
			p := a.Start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.Signal(syscall.SIGINT))
			r := p.Wait(t).Fails(t, 130, "interrupted")
			assert.Assert(t, !strings.Contains(r.Stderr, "error: "), r.Stderr)
			a.LeavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.Keys(t), before)
			}
		})
	}
}

// Terminated, as by a CI system that runs out of time: only docker itself is told.
func TestTerminatedCleansUp(t *testing.T) {
	harness.OnOneEngine(t)
	a := newPhases(t, "terminated")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			p := a.Start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
			r := p.Wait(t)
			assert.Assert(t, r.Code == 130 || r.Code == 143, "exit code %d\n%s", r.Code, r.Stderr)
			a.LeavesNothing(t)
		})
	}
}

// `docker bmo run | head` ends as soon as head has what it wants, and nothing is left.
func TestReaderGoesCleansUp(t *testing.T) {
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "head", nil)
	a.Build(t)
	for _, c := range []struct {
		script string
		args   []string
	}{
		{`docker bmo "$@" 2>&1 | head -n 3`, a.Args("run", "--progress", "plain")},
		{`docker bmo "$@" | head -n 3`, a.Args("run", "-n", "2", "--", "sh", "-c", "while echo tick; do sleep 0.1; done")},
		{`docker bmo "$@" 2>&1 | head -n 3`, a.Args("build", "--no-cache", "--progress", "plain")},
	} {
		_, err := harness.Command("sh", append([]string{"-c", c.script, "sh"}, c.args...)...)
		assert.NilError(t, err)
		a.LeavesNothing(t)
	}
}
