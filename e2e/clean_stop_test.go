package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Killed instead of stopped: MySQL shut down uncleanly, and the snapshot was bad.
func TestKilledDatabaseIsNotCommitted(t *testing.T) {
	for name, c := range map[string]struct {
		changes harness.Edits
		set     string
		words   []string
	}{
		"database killed": {harness.Edits{"services.db.stop_grace_period": "50ms"}, "DEMO_FAIL=", []string{"service db", "was killed", "not committed", "\nhint: "}},
		"web killed":      {harness.Edits{"services.web.stop_grace_period": "1s"}, "DEMO_IGNORE_TERM=1", []string{"service web", "was killed", "not committed", "\nhint: "}},
		"web fails":       {nil, "DEMO_TERM_EXIT=5", []string{"service web", "exit code 5", "not committed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := harness.NewDemo(t, strings.ReplaceAll(name, " ", "-"), c.changes)
			r := a.Do(t, "build", "--set", c.set).Fails(t, 1, c.words...)
			assert.Equal(t, r.Stdout, "")
			a.LeavesNothing(t)
			assert.Equal(t, len(a.Keys(t)), 0)
		})
	}
}

// A database that was stopped well has nothing to recover when a copy of it starts.
func TestCopiesOfTheDatabaseStartClean(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	harness.StartsClean(t, a.Run(t).Services["db"])
}
