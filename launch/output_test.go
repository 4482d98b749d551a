package launch_test

import (
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/launch"
)

// TestHints: what is likely the matter with a service that ends.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		code   int
		output []string
		want   string
	}{
		{1, []string{"no such table"}, "`docker bmo config` shows"},
		{137, []string{"working"}, "killed (SIGKILL)"},
		{1, []string{"starting", "[FATAL tini (7)] exec sleep failed: Exec format error"}, "for another platform"},
		{255, []string{"exec /usr/local/bin/docker-entrypoint.sh: exec format error"}, "for another platform"},
	} {
		err := &launch.ServiceError{Service: "web", Err: &launch.ExitError{Code: c.code}, Output: c.output}
		assert.Assert(t, is.Contains(err.Hint(), c.want))
	}
}
