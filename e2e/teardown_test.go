package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Containers failed to stop, and tests went red for it: the exit code stays the command's own when an instance cannot
// be removed, here because something else is in its network.
func TestTeardownTroubleDoesNotChangeTheExitCode(t *testing.T) {
	a := harness.NewMini(t, "trouble", nil)
	key := a.Build(t)
	name := a.Name + "-guest"
	script := `docker run --detach --rm --name "$0" --network "docker-bmo-$INSTANCE" "$1" sleep infinity >&2; exit 7`
	t.Cleanup(func() { harness.Docker(t, "rm", "--force", name) })
	a.Edit(t, harness.Edits{"x-bmo.env.INSTANCE": "{{.Instance}}"})
	assert.Equal(t, a.Build(t), key) // what a start alone uses is no part of it

	r := a.Do(t, "run", "--", "sh", "-c", script, name, a.Image(t, key, "web")).Fails(t, 7, "warning: remove instance")
	assert.Equal(t, strings.Count(r.Stderr, "warning: "), 1, "trouble is reported more than once:\n%s", r.Stderr)

	// What is left goes when it can.
	harness.Docker(t, "rm", "--force", name)
	harness.Sweep(t)
	a.LeavesNothing(t)
}
