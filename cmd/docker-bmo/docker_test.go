package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/flags"
	"github.com/spf13/cobra"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
)

// docker is docker's command line on a fake engine.
type docker struct {
	*instancetest.Fake
	in string // standard input
}

func newDocker(t *testing.T) *docker {
	t.Helper()
	was := now
	t.Cleanup(func() { now = was })
	now = func() time.Time { return instancetest.Noon }
	for _, name := range []string{"DOCKER_CONFIG", "XDG_STATE_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(name, t.TempDir()) // the user's own records are not the tests' to prune
	}
	return &docker{Fake: instancetest.New(t)}
}

// run runs a command of the plugin and returns its standard output and error.
func (d *docker) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return d.runDocker(t, t.Context(), append([]string{"bmo"}, args...)...)
}

func (d *docker) runDocker(t *testing.T, ctx context.Context, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	top := underDocker(newRootCommand(d.cli(t, &out, &errOut)))
	top.SetOut(&out)
	top.SetErr(&errOut)
	top.SetArgs(args)
	err = top.ExecuteContext(ctx)
	if err != nil {
		report(&errOut, err)
	}
	return out.String(), errOut.String(), err
}

// cli returns docker's command line as a plugin gets it.
func (d *docker) cli(t *testing.T, out, errOut io.Writer) *command.DockerCli {
	t.Helper()
	dockerCli, err := command.NewDockerCli(
		command.WithAPIClient(d.Client(t)), command.WithInputStream(io.NopCloser(strings.NewReader(d.in))),
		command.WithOutputStream(out), command.WithErrorStream(errOut))
	assert.NilError(t, err)
	assert.NilError(t, dockerCli.Initialize(flags.NewClientOptions()))
	return dockerCli
}

// inputs returns the digest of what goes into the snapshot of a stack.
func (d *docker) inputs(t *testing.T, o stackOptions) string {
	t.Helper()
	st, err := o.load(t.Context())
	assert.NilError(t, err)
	inputs, err := newClient(d.cli(t, io.Discard, io.Discard)).Inputs(t.Context(), st, bmo.BuildOptions{})
	assert.NilError(t, err)
	return inputs
}

// underDocker puts the plugin below a command docker, as the docker client's part of it does.
func underDocker(bmo *cobra.Command) *cobra.Command {
	top := &cobra.Command{Use: "docker [OPTIONS] bmo [ARG...]", SilenceErrors: true, SilenceUsage: true, TraverseChildren: true}
	_, _ = cli.SetupPluginRootCommand(top)
	top.AddCommand(bmo)
	var all func(*cobra.Command)
	all = func(c *cobra.Command) {
		c.DisableFlagsInUseLine = true
		for _, below := range c.Commands() {
			all(below)
		}
	}
	all(top)
	return top
}

// ok runs a command that must succeed without output on standard error, and returns its output.
func (d *docker) ok(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := d.run(t, args...)
	assert.NilError(t, err)
	assert.Equal(t, stderr, "")
	return stdout
}

// fails runs a command that must fail, and returns what it prints.
func (d *docker) fails(t *testing.T, args ...string) string {
	t.Helper()
	_, stderr, err := d.run(t, args...)
	assert.Assert(t, err != nil)
	return stderr
}
