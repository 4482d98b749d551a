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

	"github.com/docker-bmo/docker-bmo/e2e/plugin"
)

// A restarted engine knows layers by fewer references than before. The build that found its steps in the cache failed
// with "layer does not exist" once a snapshot had been made and pruned.
func TestBuildsAfterARestart(t *testing.T) {
	dir := t.TempDir()
	config, err := plugin.Install(dir, "under-test")
	assert.NilError(t, err)
	t.Setenv("DOCKER_CONFIG", config)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))

	key := build(t, "--no-cache") // layers that the engine has never seen
	run(t, "docker", "bmo", "prune", "--all", "--force", "--stack", "demo")
	restart := exec.Command("sh", "-c", os.Getenv("BMO_RESTART"))
	restart.Dir = "../.."
	out, err := restart.CombinedOutput()
	assert.NilError(t, err, "BMO_RESTART: %s", out)
	for range 3 {
		assert.Equal(t, build(t), key)
		run(t, "docker", "bmo", "prune", "--all", "--force", "--stack", "demo")
	}
}

func build(t *testing.T, more ...string) string {
	t.Helper()
	words := append([]string{"bmo", "build", "--quiet", "--stack", "demo"}, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
	return run(t, "docker", append(words, more...)...)
}

func run(t *testing.T, name string, words ...string) string {
	t.Helper()
	cmd := exec.Command(name, words...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	assert.NilError(t, err, "%s\n%s", cmd, stderr.String())
	return string(out)
}
