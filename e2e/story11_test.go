package e2e

import (
	"strings"
	"testing"

	"github.com/docker/go-units"
	"gotest.tools/v3/assert"
)

// MySQL took 1 GB, and two tests filled the machine.
func TestStory11LowMemoryIsTheDefault(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	i := a.run(t)
	assert.DeepEqual(t, inspect(t, i.Services["db"]).Config.Cmd, []string{"--defaults-file=/etc/docker-bmo/low.cnf"})
	used, _, _ := strings.Cut(docker(t, "stats", "--no-stream", "--format", "{{.MemUsage}}", i.Services["db"]), " ")
	bytes, err := units.RAMInBytes(used)
	assert.NilError(t, err)
	assert.Assert(t, bytes < 350<<20, "MySQL takes %s", used)
}
