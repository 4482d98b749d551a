package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// The schema did not come up, and nobody saw why. What is said of a step that fails is in docs/errors.md; here is what
// becomes of the snapshot, and of all that the step printed, in a real first run.
func TestFailedBootstrapKeepsItsOutput(t *testing.T) {
	t.Parallel()
	a := harness.NewDemo(t, "failing", nil)
	r := a.Do(t, "build", "--set", "DEMO_BOOTSTRAP_FAIL=1").Fails(t, 1, "exit code 3")
	assert.Equal(t, r.Stdout, "")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)

	kept := harness.Recorded(t, harness.Named(t, r.Stderr), "web")
	for _, line := range []string{"making the schema", "table bugs", "DEMO_BOOTSTRAP_FAIL: giving up after the schema"} {
		assert.Assert(t, strings.Contains(kept, line+"\n"), "no %q in:\n%s", line, kept)
	}

	// Fixed, it builds.
	a.Build(t)
	assert.Equal(t, len(a.Keys(t)), 1)
}
