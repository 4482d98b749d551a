package e2e

import (
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Each MySQL container leaked a volume until the disk was full.
func TestStory02TwentyRunsLeaveNoVolumeAndNoDiskUsed(t *testing.T) {
	const runs = 20
	a, _ := demo(t)
	before, gone := a.disk(t), suite.events.removed(a.name)

	var last *process
	for range runs { // two at a time, so that one starts while the other stops
		p := a.start(t, "run", "--quiet", "--", "true")
		if last != nil {
			last.wait(t).ok(t)
		}
		last = p
	}
	last.wait(t).ok(t)

	a.leavesNothing(t)
	until(t, "the engine's word that all containers are gone", func() bool {
		return suite.events.removed(a.name) >= gone+2*runs
	})
	assert.NilError(t, suite.events.leaks())
	assert.DeepEqual(t, a.disk(t), before)
}

// disk is what takes up space: all of it when the engine is ours alone, otherwise our images and their sizes.
func (a *app) disk(t testing.TB) []string {
	t.Helper()
	if suite.strict {
		// Type, number and size of images, containers and volumes; the build cache has its own rules.
		all := lines(docker(t, "system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Size}}"))
		return append(slices.DeleteFunc(all, func(l string) bool { return strings.HasPrefix(l, "Build Cache") }),
			lines(docker(t, "volume", "ls", "--quiet"))...)
	}
	images := lines(docker(t, "images", "--all", "--filter", "label="+stackLabel+"="+a.name, "--format", "{{.ID}} {{.Size}}"))
	slices.Sort(images)
	return images
}
