package e2e

import (
	"testing"

	"gotest.tools/v3/assert"
)

// Commits took 5-8 s, and nobody saw that it was the commits.
func TestStory17CommitsAreMeasuredAndShown(t *testing.T) {
	demo(t)
	for _, name := range []string{"commit db", "commit web", "start db", "stop db", "bootstrap 1/1"} {
		s := step(t, built.progress, name)
		assert.Assert(t, s.Started != nil && s.Completed.After(*s.Started), "%s has no duration", name)
	}
}
