package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestExitCodesOfCommands checks the table of docs/architecture.md, row by row.
func TestExitCodesOfCommands(t *testing.T) {
	run := func(words ...string) func(x *terminal) int {
		return func(x *terminal) int {
			x.current()
			return x.run(append([]string{"run", "--stack", x.file, "--progress", "quiet"}, words...)...)
		}
	}
	for _, c := range []struct {
		name string
		do   func(x *terminal) int
		want int
	}{
		{"done", func(x *terminal) int { return x.run("ps") }, 0},
		{"unknown command", func(x *terminal) int { return x.run("nope") }, 1},
		{"unknown command of snapshot", func(x *terminal) int { return x.run("snapshot", "nope") }, 1},
		{"unknown flag", func(x *terminal) int { return x.run("ps", "--nope") }, 125},
		{"mistake in the input", func(x *terminal) int { return x.run("ps", "-f", "x=y") }, 1},
		{"template that cannot be parsed", func(x *terminal) int { return x.run("inspect", "-f", "{{", "x") }, 64},
		{"not ready in time", func(x *terminal) int {
			x.SetPrograms(func(enginetest.Spec) enginetest.Program { return enginetest.Serve() })
			return run("-d", "--wait-timeout", "1")(x)
		}, 124},
		{"mistake in the input of run", run("-d", "-n", "0"), 125},
		{"service that ends in run", func(x *terminal) int {
			x.SetPrograms(func(enginetest.Spec) enginetest.Program { return enginetest.Exit(9) })
			return run("-d")(x)
		}, 125},
		{"engine too old", func(x *terminal) int {
			x.SetAbout(enginetest.About{Version: "20.10.24", APIVersion: "1.41", OSType: "linux"})
			return x.run("ps")
		}, 125},
		{"engine too old in exec", func(x *terminal) int {
			x.SetAbout(enginetest.About{Version: "20.10.24", APIVersion: "1.41", OSType: "linux"})
			return x.run("exec", "one", "web", "true")
		}, 125},
		{"test command that is no program", run("--", "/dev/null"), 126},
		{"test command that is not there", run("--", "/nowhere/prove"), 127},
		{"test command that is not in PATH", run("--", "docker-bmo-no-such-command"), 127},
		{"test command's own", run("--", "sh", "-c", "exit 7"), 7},
		{"test command's own that looks like ours", run("--", "sh", "-c", "exit 124"), 124},
		{"test command killed by a signal", run("--", "sh", "-c", "kill -KILL $$"), 128 + 9},
		{"the highest of several test commands", run("-n", "3", "--", "sh", "-c", "exit $((BMO_SHARD * 9 % 11))"), 9},
		{"the highest of a list of tests", func(x *terminal) int {
			x.current()
			x.in = "3\n9\n0\n"
			return x.run("test", "--stack", x.file, "--progress", "quiet", "-n", "2", "--", "sh", "-c", "exit {}")
		}, 9},
		{"interrupted", func(x *terminal) int {
			x.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
				interrupt(x.t)
				<-r.Context().Done() // it has arrived
			})
			return run("-d")(x)
		}, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTerminal(t)
			assert.Equal(t, c.do(x), c.want, "%s", x.err)
			for _, o := range x.Objects() {
				assert.Assert(t, strings.HasPrefix(o, "image "), "%s is left", o)
			}
		})
	}
}

// interrupt sends this process the signal of Ctrl-C.
func interrupt(t *testing.T) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	if assert.Check(t, err) {
		assert.Check(t, self.Signal(os.Interrupt))
	}
}

// TestExitCodesAreDocumented compares the codes with the table.
func TestExitCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	assert.NilError(t, err)
	_, table, _ := strings.Cut(string(text), "## Exit codes")
	for _, code := range []string{"| 0 |", "| 1 |", "| 64 |", "| 124 |", "| 125 |", "| 126, 127 |", "| 130 |", "| 141 |", "| other |"} {
		assert.Assert(t, is.Contains(table, code))
	}
}

// TestTestCommandsEnvironment: a test command gets the environment that the stack says.
func TestTestCommandsEnvironment(t *testing.T) {
	x := newTerminal(t)
	x.current()
	file := t.TempDir() + "/env"
	assert.Equal(t, x.run("run", "--stack", x.file, "-q", "--name", "one", "--", "sh", "-c", `echo "$SHOP_NAME $SHOP_URL" >`+file), 0)
	written, err := os.ReadFile(file)
	assert.NilError(t, err)
	assert.Equal(t, normal(string(written)), "one http://127.0.0.1:<port>\n")
}
