package e2e

import (
	"testing"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// phase is something that docker bmo can be in the middle of. Each lasts until it is ended.
type phase struct {
	name  string
	args  []string                                         // of docker bmo, the verb first
	await func(*testing.T, *harness.App, *harness.Process) // until it is in the middle
	half  bool                                             // whether its snapshot is not made yet
}

// stderrHas awaits words on standard error.
func stderrHas(pattern string) func(*testing.T, *harness.App, *harness.Process) {
	return func(t *testing.T, _ *harness.App, p *harness.Process) { p.Await(t, &p.Stderr, pattern) }
}

// stdoutHas awaits words on standard output.
func stdoutHas(pattern string) func(*testing.T, *harness.App, *harness.Process) {
	return func(t *testing.T, _ *harness.App, p *harness.Process) { p.Await(t, &p.Stdout, pattern) }
}

// starting awaits a container that runs and has not been found ready.
func starting(t *testing.T, a *harness.App, _ *harness.Process) {
	harness.Until(t, "an instance that is starting", func() bool {
		return harness.Docker(t, "ps", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name, "--filter", "name=-starting$") != ""
	})
}

// phases are those of the mini stack.
var phases = []phase{
	{"building", []string{"build", "--set", "MINI_SLOW=infinity", "--progress", "plain"}, stderrHas(`\d slow build begins`), true},
	{"bootstrapping", []string{"build", "--set", "MINI_FIRST_RUN=blocks", "--progress", "plain"}, stderrHas(`\d first run begins`), true},
	{"run bootstrapping", []string{"run", "--set", "MINI_FIRST_RUN=blocks", "--progress", "plain"}, stderrHas(`\d first run begins`), true},
	{"starting", []string{"run", "--set", "MINI_FAULT=deaf"}, starting, false},
	{"starting detached", []string{"run", "--detach", "--set", "MINI_FAULT=deaf"}, starting, false},
	{"foreground", []string{"run"}, stdoutHas(`^http://127\.0\.0\.1:\d+\n`), false},
	{"testing", []string{"run", "--", "sh", "-c", "echo testing; exec sleep infinity"}, stdoutHas(`^testing\n`), false},
}

// newPhases is the mini stack with what the phases need of it: it knows whether it is being bootstrapped.
func newPhases(t *testing.T, suffix string) *harness.App {
	t.Helper()
	return harness.NewMini(t, suffix, harness.Edits{"x-bmo.url.environment": map[string]string{"MINI_INSTANCE": "{{.Instance}}"}})
}
