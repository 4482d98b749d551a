package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

func TestExitCodes(t *testing.T) {
	late := &launch.ServiceError{Service: "web", Err: &probe.NotReadyError{Probe: "GET http://127.0.0.1:1/", After: time.Minute, Last: errors.New("EOF")}, Output: []string{"starting", "still starting"}}
	gone := &engine.UnavailableError{Host: "unix:///run/docker.sock", Err: errors.New("is it running?")}
	step := &bootstrap.StepError{Step: stack.Step{Service: "web", Command: []string{"load", "data"}}, Code: 3, Output: []string{"no such table"}}
	var text strings.Builder
	for _, c := range []struct {
		name string
		err  error
		code int
	}{
		{"plain", errors.New("no such instance: x"), 1},
		{"hinted", hint.Wrap(errors.New("no such snapshot: x"), "`docker bmo snapshot ls` lists them"), 1},
		{"several", errors.Join(errors.New("one"), hint.Wrap(errors.New("two"), "look at two")), 1},
		{"several in run", coded{errors.Join(errors.New("one"), errors.Join(errors.New("two"), errors.New("three"))), exitEngine}, 125},
		{"two in one", fmt.Errorf("%w, and then %w", errors.New("one"), errors.New("two")), 1},
		{"engine too old", &engine.UnusableError{Reason: "docker engine 20.10.24 is too old"}, 125},
		{"engine failed", fmt.Errorf("create network x: %w", errdefs.ErrInternal.WithMessage("something went wrong")), 125},
		{"step", fmt.Errorf("bootstrap step 1 of 1: %w", step), 1},
		{"step in run", coded{step, exitEngine}, 125},
		{"not ready", late, 124},
		{"not ready in run", coded{fmt.Errorf("start: %w", late), exitEngine}, 124},
		{"no engine", gone, 125},
		{"no engine in run", coded{gone, exitEngine}, 125},
		{"anything in run", coded{errors.New("no space"), exitEngine}, 125},
		{"interrupted", fmt.Errorf("list images: %w", interrupted{syscall.SIGINT}), 130},
		{"interrupted while not ready", errors.Join(late, interrupted{syscall.SIGTERM}), 130},
		{"docker is gone", fmt.Errorf("list images: %w", context.Canceled), 130},
		{"interrupted in run", coded{interrupted{syscall.SIGINT}, exitEngine}, 130},
		{"command's own", cli.StatusError{StatusCode: 7}, 7},
		{"command killed", cli.StatusError{StatusCode: 137, Status: "prove: signal: killed"}, 137},
		{"command not found", coded{errors.New("command not found: prove"), 127}, 127},
		{"status without a code", cli.StatusError{Status: "unknown"}, 1},
	} {
		var b bytes.Buffer
		assert.Equal(t, report(&b, c.err), c.code, c.name)
		fmt.Fprintf(&text, "%s: %d\n%s\n", c.name, c.code, b.String())
	}
	golden.Assert(t, text.String(), "exit-codes.golden")
}

func TestCommandResult(t *testing.T) {
	command := func(script string) error { return exec.Command("sh", "-c", script).Run() }
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(interrupted{syscall.SIGINT})
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		code int
	}{
		{"well", t.Context(), command("exit 0"), 0},
		{"its own", t.Context(), command("exit 7"), 7},
		{"killed", t.Context(), command("kill -KILL $$"), 137},
		{"terminated", t.Context(), command("kill -TERM $$"), 143},
		{"not found", t.Context(), exec.Command("no-such-command-anywhere").Run(), 127},
		{"not found by path", t.Context(), exec.Command("/no/such/command").Run(), 127},
		{"not executable", t.Context(), exec.Command("/etc/passwd").Run(), 126},
		{"interrupted", ended, command("exit 7"), 130},
		{"well in spite of an interrupt", ended, command("exit 0"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := commandResult(c.ctx, "x", c.err)
			if c.code == 0 {
				assert.NilError(t, err)
				return
			}
			assert.Equal(t, report(new(bytes.Buffer), err), c.code)
		})
	}
}
