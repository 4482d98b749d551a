package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// The schema did not come up, and nobody saw why.
func TestFailedBootstrapKeepsItsOutput(t *testing.T) {
	t.Parallel()
	a := harness.NewDemo(t, "failing", nil)
	fault := []string{"--set", "DEMO_BOOTSTRAP_FAIL=1"}

	// Quiet, so that nothing but the error itself can say so.
	r := a.Do(t, "build", append(fault, "--quiet")...).Fails(t, 1,
		"bootstrap step 1 of 1", "`perl demo.pl bootstrap` in service web", "exit code 3",
		"\n  table bugs\n", "\n  DEMO_BOOTSTRAP_FAIL: giving up after the schema\n", "\nhint: ")
	assert.Equal(t, r.Stdout, "")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)

	kept := harness.Journal(t, r.Stderr)
	for _, line := range []string{"making the schema", "table bugs", "DEMO_BOOTSTRAP_FAIL: giving up after the schema"} {
		assert.Assert(t, strings.Contains(kept, " web | "+line+"\n"), "no %q in:\n%s", line, kept)
	}

	// What is not the test command's own failure has an exit code that no such command has.
	a.Do(t, "run", append(fault, "--", "true")...).Fails(t, 125, "exit code 3")
	a.LeavesNothing(t)

	// Mended, it builds.
	a.Build(t)
	assert.Equal(t, len(a.Keys(t)), 1)
}
