package e2e

import (
	"strconv"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// small is a stack of one service that takes next to nothing, and is ready when it runs.
const small = `name: small
services:
  banner:
    build: {context: .}
    command: [banner]
`

// An engine with its usual settings has addresses of its own for 31 networks, and more instances than that.
func TestMoreInstancesThanPools(t *testing.T) {
	t.Parallel()
	const many = 34
	a := newStatic(t, "many", small, nil)
	a.Build(t)
	subnets := map[string]bool{}
	names := []string{"stop"}
	for _, i := range a.Runs(t, "-n", strconv.Itoa(many)) {
		subnets[harness.Docker(t, "network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", "docker-bmo-"+i.Name)] = true
		names = append(names, i.Name)
	}
	assert.Equal(t, len(subnets), many)
	stopped := harness.BMO(t, names...).OK(t)
	assert.Equal(t, len(harness.Lines(stopped.Stdout)), many)
	a.LeavesNothing(t)
}
