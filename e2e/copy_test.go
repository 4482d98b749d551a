package e2e

import (
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Many CI machines have no registry of their own, but engines that reach each other.
func TestSnapshotCopy(t *testing.T) {
	host := os.Getenv("BMO_OTHER_ENGINE")
	if host == "" {
		t.Skip("there is no second engine")
	}
	t.Parallel()
	config := t.TempDir()
	harness.Docker(t, "--config", config, "context", "create", "other", "--docker", "host="+host)
	here, there := harness.CLI{Docker: []string{"--config", config}}, harness.CLI{Docker: []string{"--config", config, "--context", "other"}}
	there.Env = []string{"DOCKER_HOST="}
	a := harness.NewMini(t, "copy", nil)
	key := a.Build(t)
	t.Cleanup(func() { there.Run(t, "prune", "--all", "--force", "--stack", a.Name).OK(t) })

	first := here.Run(t, "snapshot", "copy", key, "other").OK(t)
	assert.Equal(t, first.Text(), key)
	assert.Assert(t, strings.Contains(first.Stderr, " of "+a.Name+" copied to other in "), first.Stderr)
	again := here.Run(t, "snapshot", "copy", key, "other").OK(t)
	assert.Assert(t, strings.Contains(again.Stderr, " is up to date in other in "), again.Stderr)
	got := there.Run(t, a.Args("run", "--snapshot", key, "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`)...).OK(t)
	assert.Assert(t, strings.HasPrefix(got.Stdout, "hello"), got.Stdout)

	// Back, without the snapshot but with most of its layers.
	i := a.Run(t)
	second := harness.BMO(t, "commit", i.Name).OK(t).Text()
	i.Remove(t)
	here.Run(t, "snapshot", "copy", second, "other").OK(t)
	harness.BMO(t, "snapshot", "rm", second).OK(t)
	back := there
	back.Env = append(back.Env, "DOCKER_CONTEXT=other")
	back.Docker = []string{"--config", config}
	harness.Docker(t, "--config", config, "context", "create", "here", "--docker", "host="+harness.Docker(t, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"))
	moved := back.Run(t, "snapshot", "copy", second, "here").OK(t)
	assert.Assert(t, strings.Contains(moved.Stderr, " copied to here in "), moved.Stderr)
	harness.BMO(t, "snapshot", "inspect", second).OK(t)
}

// One CI job has the engines of several machines, and tests that take long.
func TestSeveralEngines(t *testing.T) {
	host := os.Getenv("BMO_OTHER_ENGINE")
	if host == "" {
		t.Skip("there is no second engine")
	}
	t.Parallel()
	config := t.TempDir()
	harness.Docker(t, "--config", config, "context", "create", "other", "--docker", "host="+host)
	cli := harness.CLI{Docker: []string{"--config", config}}
	a := harness.NewMini(t, "engines", nil)
	t.Cleanup(func() {
		there := harness.CLI{Env: []string{"DOCKER_HOST="}, Docker: []string{"--config", config, "--context", "other"}}
		there.Run(t, "prune", "--all", "--force", "--stack", a.Name).OK(t)
	})
	got := cli.Run(t, a.Args("run", "--quiet", "--context", "default,other", "--number", "2", "--", "sh", "-c",
		`curl --silent --show-error --fail "$MINI_URL/"; echo "shard $BMO_SHARD"`)...).OK(t)
	for _, want := range []string{"| hello", "| shard 1\n", "| shard 2\n"} {
		assert.Assert(t, strings.Contains(got.Stdout, want), got.Stdout)
	}
	keys := func(c harness.CLI) string {
		return c.Run(t, "snapshot", "ls", "--quiet", "--filter", "stack="+a.Name).OK(t).Text()
	}
	there := harness.CLI{Env: []string{"DOCKER_HOST="}, Docker: []string{"--config", config, "--context", "other"}}
	assert.Assert(t, keys(cli) != "")
	assert.Equal(t, keys(there), keys(cli))
}
