package e2e

import (
	"strings"
	"testing"

	"github.com/docker/go-units"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// MySQL took 1 GB, and two tests filled the machine.
func TestLowMemoryIsTheDefault(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	i := a.Run(t)
	assert.DeepEqual(t, harness.Inspect(t, i.Services["db"]).Config.Cmd, []string{"--defaults-file=/etc/docker-bmo/low.cnf"})
	used, _, _ := strings.Cut(harness.Docker(t, "stats", "--no-stream", "--format", "{{.MemUsage}}", i.Services["db"]), " ")
	bytes, err := units.RAMInBytes(used)
	assert.NilError(t, err)
	assert.Assert(t, bytes < 350<<20, "MySQL takes %s", used)
}

// One snapshot runs with little memory and with usual settings.
func TestRegularFlavorOnRequest(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	s := a.Runs(t, "--flavor", "regular")[0]
	assert.Equal(t, s.Key[:len(key)], key)
	assert.DeepEqual(t, harness.Inspect(t, s.Services["db"]).Config.Cmd, []string{"--defaults-file=/etc/docker-bmo/regular.cnf"})
	assert.Equal(t, harness.Inspect(t, s.Services["web"]).Config.Cmd[2], "prefork")
	s.Tracker().Answers(t)
	got := harness.BMO(t, "ps", "-f", "name="+s.Name, "--format", "{{.Name}} {{.Flavor}} {{.State}}").OK(t).Text()
	assert.Equal(t, got, s.Name+" regular running")
}
