package build

import (
	"testing"

	"gotest.tools/v3/assert"
)

// Most Dockerfiles of public projects begin with `# syntax=docker/dockerfile:1`, which asked a registry at each build.
func TestSyntaxThatIsBuiltIn(t *testing.T) {
	for ref, want := range map[string]bool{
		"docker/dockerfile":                          true,
		"docker/dockerfile:1":                        true,
		"docker/dockerfile:1.4":                      true,
		"docker/dockerfile:1.20.0":                   true,
		"docker/dockerfile:latest":                   true,
		"docker.io/docker/dockerfile:1.7":            true,
		"docker/dockerfile:1.21":                     false,
		"docker/dockerfile:2":                        false,
		"docker/dockerfile:1-labs":                   false,
		"docker/dockerfile:1.7-labs":                 false,
		"docker/dockerfile:1@sha256:0a":              false,
		"docker/dockerfile-upstream:1":               false,
		"r.example/docker/dockerfile:1":              false,
		"docker/dockerfile:99999999999999":           false,
		"docker/dockerfile:1.9999999999999999999999": false,
		"": false,
	} {
		assert.Equal(t, builtIn(ref), want, ref)
	}
}
