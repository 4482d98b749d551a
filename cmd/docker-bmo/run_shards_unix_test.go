//go:build !windows

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/docker/cli/cli"
	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// twoRunning returns two instances that run, demo-1 and demo-2.
func twoRunning(t *testing.T, d *docker) (*bmo.Client, []*bmo.Instance) {
	t.Helper()
	c, first := running(t, d, enginetest.Serve("listening"))
	d.AddInstance(t, "demo-2", d.AddSnapshot("demo", "aa", 1), instancetest.Noon, owner.Current())
	list, err := c.List(t.Context(), bmo.InstanceFilter{})
	assert.NilError(t, err)
	for i := range list {
		if list[i].Name == "demo-2" {
			return c, []*bmo.Instance{first, &list[i]}
		}
	}
	t.Fatal("no demo-2")
	return nil, nil
}

// TestInstanceGoesUnderOneOfSeveral: its command is ended, the others go on to their end.
func TestInstanceGoesUnderOneOfSeveral(t *testing.T) {
	d := newDocker(t)
	c, list := twoRunning(t, d)
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	var out, errOut syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- runShards(t.Context(), d.cli(t, &out, &errOut), c, list, runOptions{command: []string{"sh", "-c", `trap "exit 0" TERM
			touch $DIR/ready$BMO_SHARD; while [ ! -e $DIR/end ]; do sleep 0.01; done; echo to the end`}})
	}()
	for _, name := range []string{"ready1", "ready2"} {
		soon(t, func() bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil })
	}
	assert.NilError(t, d.Engine(t).RemoveContainer(t.Context(), list[0].Services["db"]))
	soon(t, func() bool { return d.Count("DELETE", "/networks/.*") > 0 }) // the first one has been removed
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "end"), nil, 0o600))
	var status cli.StatusError
	assert.Assert(t, errors.As(<-done, &status))
	assert.Equal(t, status.StatusCode, exitEngine)
	assert.Equal(t, out.String(), "demo-2 | to the end\n")
	assert.Assert(t, is.Contains(errOut.String(), "error: instance demo-1 is gone: "))
	assert.Assert(t, is.Contains(errOut.String(), "\nshard 1 of 2 failed: instance demo-1 is gone: "))
	assert.Assert(t, is.Contains(errOut.String(), "; record: docker bmo logs demo-1\n1 of 2 shards succeeded\n"))
}

// TestSecondSignalForcesAll: a command that is deaf to the first one is killed by the second, whichever it is of several.
func TestSecondSignalForcesAll(t *testing.T) {
	d := newDocker(t)
	c, list := twoRunning(t, d)
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	came := make(chan os.Signal, 2)
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), arrivedKey{}, (<-chan os.Signal)(came)))
	defer cancel(nil)
	var out syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- runShards(ctx, d.cli(t, &out, io.Discard), c, list, runOptions{command: []string{"sh", "-c", `trap "touch $DIR/came$BMO_SHARD" INT
			touch $DIR/ready$BMO_SHARD; while :; do sleep 0.01; done`}})
	}()
	for _, name := range []string{"ready", "came"} {
		for _, shard := range []string{"1", "2"} {
			soon(t, func() bool { _, err := os.Stat(filepath.Join(dir, name+shard)); return err == nil })
		}
		came <- os.Interrupt
		cancel(interrupted{syscall.SIGINT})
	}
	err := <-done
	assert.Assert(t, errors.As(err, new(interrupted)), "%v", err)
	assert.Equal(t, exitCode(err), exitInterrupted)
}
