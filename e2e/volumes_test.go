package e2e

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Each MySQL container leaked a volume until the disk was full.
func TestRunsLeaveNoVolumeAndNoDiskUsed(t *testing.T) {
	const runs = 4 // one that leaks is enough: every volume is looked at
	a, _ := demo(t)
	before, gone := a.Disk(t), harness.Suite.Events.Removed(a.Name)

	var last *harness.Process
	for range runs { // two at a time, so that one starts while the other stops
		p := a.Start(t, "run", "--quiet", "--", "true")
		if last != nil {
			last.Wait(t).OK(t)
		}
		last = p
	}
	last.Wait(t).OK(t)

	a.LeavesNothing(t)
	harness.Until(t, "the engine's word that all containers are gone", func() bool {
		return harness.Suite.Events.Removed(a.Name) >= gone+2*runs
	})
	assert.NilError(t, harness.Suite.Events.Leaks())
	assert.DeepEqual(t, a.Disk(t), before)
}
