package main

import (
	"testing"

	"github.com/docker/cli/cli/command"
	"gotest.tools/v3/assert"
)

// TestFillArgs: what fills a pool in the background is about the same engine and starts the same, and does nothing else that
// the command was asked for.
func TestFillArgs(t *testing.T) {
	dockerCli, err := command.NewDockerCli()
	assert.NilError(t, err)
	for _, c := range []struct {
		args, want []string
	}{
		{
			[]string{"docker-bmo", "bmo", "run", "-d", "-n", "3", "--format", "json"},
			[]string{"bmo", "pool", "fill", "--quiet", "--pool=a"},
		},
		{
			[]string{
				"docker-bmo", "--context", "far", "bmo", "run", "--stack", "compose.yaml", "-f", "more.yaml", "-e", "A=B C", "--flavor", "regular",
				"--set", "X=1", "--no-cache", "--pull", "-q", "--", "run", "it",
			},
			[]string{
				"--context", "far", "bmo", "pool", "fill", "--quiet", "--env=A=B C", "--flavor=regular", "--set=X=1", "--stack=compose.yaml",
				"--stack=more.yaml", "--pool=a",
			},
		},
	} {
		cmd := newRunCommand(dockerCli)
		from := 0
		for i, a := range c.args {
			if a == "run" {
				from = i + 1
				break
			}
		}
		assert.NilError(t, cmd.ParseFlags(c.args[from:]))
		assert.DeepEqual(t, fillArgs(dockerCli, cmd, c.args, []string{"a"}), c.want)
	}
	fill := newPoolFillCommand(dockerCli)
	assert.NilError(t, fill.ParseFlags([]string{"--quiet", "--env=A=B C", "--stack=compose.yaml", "--stack=more.yaml", "--pool=a"}))
	assert.Assert(t, fill.Hidden)
}
