// Package refused tests what docker bmo says to an engine that is too old for it, on such an engine.
package refused

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/plugin"
)

const version = "under-test"

// commands are all that speak to the engine.
var commands = []string{
	"build --stack demo",
	"run --stack demo --detach",
	"run --stack demo -- true",
	"ps",
	"exec x web true",
	"logs x",
	"inspect x",
	"port x",
	"stop x",
	"snapshot ls",
	"snapshot inspect x",
	"snapshot rm x",
	"prune --force",
	"version",
}

// Every command names the engine, what it needs and what to do, and makes nothing.
func TestTooOldAnEngine(t *testing.T) {
	dir := t.TempDir()
	config, err := plugin.Install(dir, version)
	assert.NilError(t, err)
	release, api := engine(t)
	t.Setenv("DOCKER_CONFIG", config)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	if code, _, _ := run(t, "version"); code == 0 {
		t.Skip("the engine is not too old: nothing is refused, and the tests of package e2e are the ones to run")
	}
	before := everything(t)
	refusal := fmt.Sprintf("error: docker engine %s (API %s) is too old: 25.0 (API 1.44) or newer is needed\n"+
		"hint: upgrade the engine, or choose another one with `docker context use` or DOCKER_HOST\n", release, api)
	for _, c := range commands {
		t.Run(c, func(t *testing.T) {
			code, stdout, stderr := run(t, strings.Fields(c)...)
			assert.Equal(t, stderr, refusal)
			assert.Equal(t, code, 125)
			if c == "version" {
				assert.Assert(t, strings.HasPrefix(stdout, "docker bmo "+version+" "), stdout)
			} else {
				assert.Equal(t, stdout, "")
			}
		})
	}
	assert.Equal(t, everything(t), before)
}

// engine is the one that docker talks to, in the words of docker.
func engine(t *testing.T) (release, api string) {
	t.Helper()
	release, api, _ = strings.Cut(docker(t, "version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"), " ")
	return release, api
}

// everything lists what is on the engine.
func everything(t *testing.T) string {
	t.Helper()
	return docker(t, "images", "--all", "--quiet") + docker(t, "ps", "--all", "--quiet") +
		docker(t, "network", "ls", "--quiet") + docker(t, "volume", "ls", "--quiet")
}

func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("docker", args...).Output()
	assert.NilError(t, err)
	return strings.TrimSuffix(string(out), "\n")
}

// run runs a command of docker bmo.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.Command("docker", append([]string{"bmo"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}
