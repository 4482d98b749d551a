package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Killed instead of stopped: MySQL shut down uncleanly, and the snapshot was bad.
func TestStory08WhatDoesNotStopWellIsNotCommitted(t *testing.T) {
	for name, c := range map[string]struct {
		changes edits
		set     string
		words   []string
	}{
		"database killed": {edits{"services.db.stop_grace_period": "50ms"}, "DEMO_FAIL=", []string{"service db", "was killed", "not committed", "\nhint: "}},
		"web killed":      {edits{"services.web.stop_grace_period": "1s"}, "DEMO_IGNORE_TERM=1", []string{"service web", "was killed", "not committed", "\nhint: "}},
		"web fails":       {nil, "DEMO_TERM_EXIT=5", []string{"service web", "exit code 5", "not committed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newDemo(t, strings.ReplaceAll(name, " ", "-"), c.changes)
			r := a.do(t, "build", "--set", c.set).fails(t, 1, c.words...)
			assert.Equal(t, r.stdout, "")
			a.leavesNothing(t)
			assert.Equal(t, len(a.keys(t)), 0)
		})
	}
}

// A database that was stopped well has nothing to recover when a copy of it starts.
func TestStory08CopiesOfTheDatabaseStartClean(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	startsClean(t, a.run(t).Services["db"])
}
