// Package refused tests what docker bmo says to an engine that is too old for it, on such an engine.
package refused

import (
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

const version = "under-test"

// commands are all that speak to the engine.
var commands = []string{
	"build --stack demo",
	"run --stack demo --detach",
	"run --stack demo -- true",
	"ps",
	"exec x web true",
	"logs x",
	"inspect x",
	"port x",
	"stop x",
	"snapshot ls",
	"snapshot inspect x",
	"snapshot rm x",
	"prune --force",
	"version",
}

// Every command names the engine, what it needs and what to do, and makes nothing.
func TestTooOldAnEngine(t *testing.T) {
	harness.UsePlugin(t, version)
	release, api, _ := strings.Cut(harness.Docker(t, "version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"), " ")
	if harness.BMO(t, "version").Code == 0 {
		t.Skip("the engine is not too old: nothing is refused, and the tests of package e2e are the ones to run")
	}
	before, err := harness.Observe()
	assert.NilError(t, err)
	refusal := fmt.Sprintf("error: docker engine %s (API %s) is too old: 25.0 (API 1.44) or newer is needed\n"+
		"hint: upgrade the engine, or choose another one with `docker context use` or DOCKER_HOST\n", release, api)
	for _, c := range commands {
		t.Run(c, func(t *testing.T) {
			r := harness.BMO(t, strings.Fields(c)...)
			assert.Equal(t, r.Stderr, refusal)
			assert.Equal(t, r.Code, 125)
			if c == "version" {
				assert.Assert(t, strings.HasPrefix(r.Stdout, "docker bmo "+version+" "), r.Stdout)
			} else {
				assert.Equal(t, r.Stdout, "")
			}
		})
	}
	after, err := harness.Observe()
	assert.NilError(t, err)
	assert.DeepEqual(t, after, before)
}
