// Package restart tests that snapshots can be built and pruned on an engine that was restarted in between. It restarts
// the engine, so it is no part of the tests that may share one.
//
//	BMO_RESTART     a shell command that restarts the engine, run in the top folder
//	BMO_BUILD_ARGS  words added to build, as for package e2e
package restart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// A restarted engine knows layers by fewer references than before. The build that found its steps in the cache failed
// with "layer does not exist" once a snapshot had been made and pruned.
func TestBuildsAfterARestart(t *testing.T) {
	harness.UsePlugin(t, "under-test")
	key := build(t, "--no-cache") // layers that the engine has never seen
	prune(t)
	restart(t)
	for range 3 {
		assert.Equal(t, build(t), key)
		prune(t)
	}
}

// What is under way when the engine is restarted ends with an error that says so. The next command removes what is left,
// and works.
func TestRestartInTheMiddle(t *testing.T) {
	harness.UsePlugin(t, "under-test")
	a := restarted(t)
	for _, c := range []struct{ name, await, set string }{
		{"build", `\d slow build begins`, "MINI_SLOW=infinity"},
		{"bootstrap", `\d first run begins`, "MINI_FIRST_RUN=blocks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := a.Start(t, "build", "--progress", "plain", "--set", c.set)
			p.Await(t, &p.Stderr, c.await)
			restart(t)
			p.Wait(t).Fails(t, 125, "error: ", "hint: ")
			a.Do(t, "run", "--", "true").OK(t)
			a.LeavesNothing(t)
		})
	}
}

// A test command hears at once that its instance no longer runs, and does not have its own exit code.
func TestRestartUnderACommand(t *testing.T) {
	harness.UsePlugin(t, "under-test")
	a := restarted(t)
	done := filepath.Join(t.TempDir(), "done")
	p := a.Start(t, "run", "--", "sh", "-c", `echo testing >&2; until [ -e "$0" ]; do sleep 0.1; done`, done)
	p.Await(t, &p.Stderr, `testing\n`)
	restart(t)
	p.Await(t, &p.Stderr, `while the command ran|can no longer be watched`)
	assert.NilError(t, os.WriteFile(done, nil, 0o600))
	p.Wait(t).Fails(t, 125, "error: ")
	a.Do(t, "run", "--", "true").OK(t)
	a.LeavesNothing(t)
}

func restarted(t *testing.T) *harness.App {
	t.Helper()
	a := harness.CopyMini(t, t.TempDir(), "restarted", nil)
	a.Flags = strings.Fields(os.Getenv("BMO_BUILD_ARGS"))
	t.Cleanup(func() { assert.NilError(t, a.Clear()) })
	return a
}

func restart(t *testing.T) {
	t.Helper()
	command := os.Getenv("BMO_RESTART")
	assert.Assert(t, command != "", "BMO_RESTART says how")
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	assert.NilError(t, err, "BMO_RESTART: %s", out)
}

func build(t *testing.T, more ...string) string {
	t.Helper()
	words := append([]string{"build", "--quiet", "--stack", "demo"}, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
	return harness.BMO(t, append(words, more...)...).OK(t).Text()
}

func prune(t *testing.T) {
	t.Helper()
	harness.BMO(t, "prune", "--all", "--force", "--stack", "demo").OK(t)
}
