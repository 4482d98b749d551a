//go:build !windows

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli"
	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestR4InstanceGoesUnderTheCommand: it is said at once, the command is ended, and the exit code is not its own.
func TestR4InstanceGoesUnderTheCommand(t *testing.T) {
	d := newDocker(t)
	c, inst := running(t, d, enginetest.Serve("listening"))
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	var errOut syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- runCommand(t.Context(), d.cli(t, io.Discard, &errOut), c, inst, runOptions{command: []string{"sh", "-c", `trap "exit 0" TERM; touch $DIR/ready; while :; do sleep 0.01; done`}})
	}()
	soon(t, func() bool { _, err := os.Stat(filepath.Join(dir, "ready")); return err == nil })
	assert.NilError(t, d.Engine(t).RemoveContainer(t.Context(), inst.Services["db"]))
	var status cli.StatusError
	assert.Assert(t, errors.As(<-done, &status))
	assert.Equal(t, status.StatusCode, exitEngine)
	assert.Assert(t, is.Contains(errOut.String(), "error: instance demo-1 is gone: the container of service db was removed while the command ran\nhint: "))
}

// TestR4ServiceEndsUnderTheCommand: the command goes on, as it may start the service again. If it does not, the exit code
// says so.
func TestR4ServiceEndsUnderTheCommand(t *testing.T) {
	for again, code := range map[bool]int{true: 5, false: exitEngine} {
		d := newDocker(t)
		c, inst := running(t, d, enginetest.Serve("listening"))
		dir := t.TempDir()
		t.Setenv("DIR", dir)
		var errOut syncBuffer
		done := make(chan error, 1)
		go func() {
			done <- runCommand(t.Context(), d.cli(t, io.Discard, &errOut), c, inst, runOptions{command: []string{"sh", "-c", `touch $DIR/ready; while [ ! -e $DIR/end ]; do sleep 0.01; done; exit 5`}})
		}()
		soon(t, func() bool { _, err := os.Stat(filepath.Join(dir, "ready")); return err == nil })
		e := d.Engine(t)
		assert.NilError(t, e.Signal(t.Context(), inst.Services["db"], "KILL"))
		said := "service db of instance demo-1 ended with exit code 137 while the command ran"
		soon(t, func() bool { return strings.Contains(errOut.String(), said) })
		if again {
			_, err := e.Start(t.Context(), inst.Services["db"], nil, nil)
			assert.NilError(t, err)
		}
		assert.NilError(t, os.WriteFile(filepath.Join(dir, "end"), nil, 0o600))
		var status cli.StatusError
		assert.Assert(t, errors.As(<-done, &status))
		assert.Equal(t, status.StatusCode, code)
		assert.Equal(t, strings.Count(errOut.String(), "error: "), 1, errOut.String())
	}
}

// TestR4ServiceThatMayEnd: one that nobody waits for has done its work when it ends with 0, and only then.
func TestR4ServiceThatMayEnd(t *testing.T) {
	for sig, code := range map[string]int{"KILL": exitEngine, "TERM": 5} {
		d := newDocker(t)
		c, inst := running(t, d, enginetest.Serve("listening")) // which ends with 0 when it is terminated
		inst.MayEnd = []string{"db"}
		assert.NilError(t, d.Engine(t).Signal(t.Context(), inst.Services["db"], sig))
		_, err := d.Engine(t).ExitCode(t.Context(), inst.Services["db"])
		assert.NilError(t, err)
		var errOut syncBuffer
		err = runCommand(t.Context(), d.cli(t, io.Discard, &errOut), c, inst, runOptions{command: []string{"sh", "-c", "exit 5"}})
		var status cli.StatusError
		assert.Assert(t, errors.As(err, &status), "%s: %v", sig, err)
		assert.Equal(t, status.StatusCode, code, "%s: %s", sig, errOut.String())
	}
}
