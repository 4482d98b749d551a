package e2e

import (
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// A killed test run left everything behind. What is killed without warning leaves nothing either, once the next
// command has swept; and what it made by halves is never taken for a snapshot.
func TestStory20KilledLeavesNothing(t *testing.T) {
	t.Parallel()
	a := newPhases(t, "killed")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.keys(t)
			p := a.start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.signal(syscall.SIGKILL))
			p.wait(t)

			bmo(t, "ps").ok(t)
			a.leavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.keys(t), before)
			}
		})
	}
}

// The same where it matters most: while the database is being committed.
func TestStory20KilledWhileCommitting(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "killed-commit", nil)
	for _, moment := range []string{"commit db", "seal snapshot"} {
		p := a.start(t, "build", "--progress", "plain")
		p.await(t, &p.stderr, `(?m)^#\d+ `+moment)
		assert.NilError(t, p.signal(syscall.SIGKILL))
		p.wait(t)

		// The engine goes on with a commit that it was asked for, and may end it behind the first command that sweeps.
		until(t, "a command that leaves nothing", func() bool {
			bmo(t, "ps").ok(t)
			return len(a.rest(t)) == 0
		})
		if len(a.keys(t)) > 0 {
			break // it was too quick for us, and made a whole one
		}
	}
	i := a.run(t)
	i.tracker().answers(t)
	i.tracker().create(t, "TestProduct", "TestComponent", "after all")
	assert.Equal(t, len(a.keys(t)), 1)
}

// A set of images of which one is gone is no snapshot, and the next command removes the others.
func TestStory20HalfASnapshotIsGarbage(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "half", nil)
	key := a.build(t)
	docker(t, "rmi", "docker-bmo/"+a.name+"-db:"+key)
	assert.Equal(t, len(a.keys(t)), 0)
	a.leavesNothing(t)
	assert.Equal(t, docker(t, "images", "--all", "--quiet", "--filter", "label="+stackLabel+"="+a.name), "")
	assert.Equal(t, a.build(t), key)
	a.run(t).tracker().answers(t)
}

// Ctrl-C reaches docker, the plugin and a test command at once. Nothing is left when they end, without any sweeping:
// hence no other test may run beside this one.
func TestStory20InterruptedCleansUp(t *testing.T) {
	a := newPhases(t, "interrupted")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.keys(t)
			p := a.start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.signal(syscall.SIGINT))
			r := p.wait(t).fails(t, 130, "interrupted")
			assert.Assert(t, !strings.Contains(r.stderr, "error: "), r.stderr)
			a.leavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.keys(t), before)
			}
		})
	}
}

// Terminated, as by a CI system that runs out of patience: only docker itself is told.
func TestStory20TerminatedCleansUp(t *testing.T) {
	a := newPhases(t, "terminated")
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			p := a.start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			assert.NilError(t, p.cmd.Process.Signal(syscall.SIGTERM))
			r := p.wait(t)
			assert.Assert(t, r.code == 130 || r.code == 143, "exit code %d\n%s", r.code, r.stderr)
			a.leavesNothing(t)
		})
	}
}
