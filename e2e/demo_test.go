package e2e

import (
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// built is the demo stack's snapshot, which most tests start from.
var built struct {
	sync.Once
	app      *harness.App
	key      string
	progress []harness.Status
}

// demo returns the demo stack, as it is built in, and its snapshot's key. The first who asks makes the snapshot.
func demo(t testing.TB) (*harness.App, string) {
	t.Helper()
	built.Do(func() {
		a := harness.NewDemo(forever{t}, "demo", nil)
		r := a.Do(t, "build", "--progress", "rawjson").OK(t)
		built.app, built.key, built.progress = a, r.Text(), harness.ParseProgress(t, r.Stderr)
	})
	assert.Assert(t, built.app != nil, "the demo stack could not be built: see the first test that asked for it")
	return built.app, built.key
}

// forever is a test whose end is not the end of what was made for it: removeAll does that.
type forever struct{ testing.TB }

func (forever) Cleanup(func()) {}
