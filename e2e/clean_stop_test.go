package e2e

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Killed instead of stopped: MySQL shut down uncleanly, and the snapshot was bad. Other services that do not stop well
// are in docs/errors.md.
func TestKilledDatabaseIsNotCommitted(t *testing.T) {
	t.Parallel()
	a := harness.NewDemo(t, "database-killed", harness.Edits{"services.db.stop_grace_period": "50ms"})
	r := a.Do(t, "build").Fails(t, 1, "service db", "was killed", "not committed", "\nhint: ")
	assert.Equal(t, r.Stdout, "")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)
}

// A database that was stopped well has nothing to recover when a copy of it starts.
func TestCopiesOfTheDatabaseStartClean(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	harness.StartsClean(t, a.Run(t).Services["db"])
}
