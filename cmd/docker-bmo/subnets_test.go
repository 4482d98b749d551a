package main

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func TestSubnetsVariable(t *testing.T) {
	for value, want := range map[string]string{
		"": bmo.DefaultSubnets.String(), "engine": "invalid Prefix", "10.9.0.0/16": "10.9.0.0/16", "10.9.8.7/24": "10.9.8.0/24", "10.9.0.16/28": "10.9.0.16/28",
	} {
		t.Setenv(subnetsVariable, value)
		r, err := subnets()
		assert.NilError(t, err, value)
		assert.Equal(t, r.String(), want)
	}
	for _, value := range []string{"10.9.0.0", "10.9.0.0/29", "8.0.0.0/7", "fd00::/24", "nonsense", " "} {
		t.Setenv(subnetsVariable, value)
		_, err := subnets()
		assert.ErrorContains(t, err, "invalid DOCKER_BMO_SUBNETS")
		assert.Assert(t, len(bmo.Hints(err)) == 1)
	}
}
