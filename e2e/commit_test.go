package e2e

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Commits took 5-8 s, and nobody saw that it was the commits.
func TestCommitsAreMeasuredAndShown(t *testing.T) {
	t.Parallel()
	demo(t)
	for _, name := range []string{"commit db", "commit web", "start db", "stop db", "bootstrap 1/1"} {
		s := harness.Step(t, built.progress, name)
		assert.Assert(t, s.Started != nil && s.Completed.After(*s.Started), "%s has no duration", name)
	}
}
