// Package restart tests that snapshots can be built and pruned on an engine that was restarted in between. It restarts
// the engine, so it is no part of the tests that may share one.
//
//	BMO_RESTART     a shell command that restarts the engine, run in the top folder
//	BMO_BUILD_ARGS  words added to build, as for package e2e
package restart

import (
	"os"
	"os/exec"
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
	restart := exec.Command("sh", "-c", os.Getenv("BMO_RESTART"))
	restart.Dir = "../.."
	out, err := restart.CombinedOutput()
	assert.NilError(t, err, "BMO_RESTART: %s", out)
	for range 3 {
		assert.Equal(t, build(t), key)
		prune(t)
	}
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
