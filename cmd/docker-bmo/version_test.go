package main

import (
	"regexp"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// made matches what differs from build to build: the version of Go and the platform.
var made = regexp.MustCompile(`go1[0-9.a-z-]+((?:", ?"Platform":"|, )[a-z0-9]+/[a-z0-9]+)?`)

func TestVersion(t *testing.T) {
	x := newTerminal(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"version", nil, 0},
		{"version-json", []string{"--format", "json"}, 0},
		{"version-template", []string{"-f", "{{.Version}} {{.Engine.Version}}"}, 0},
		{"version-bad-template", []string{"-f", "{{.Nope}}"}, 1},
		{"version-broken-template", []string{"-f", "{{.Version"}, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"version"}, c.args...)...), c.code)
			golden.Assert(t, made.ReplaceAllString(x.out+x.err, "<made>"), c.name+".golden")
		})
	}
	x.t = t
	x.SetAbout(enginetest.About{Version: "20.10.24", APIVersion: "1.41", OSType: "linux"})
	assert.Equal(t, x.run("version", "-f", "{{.Version}}"), exitEngine)
	x.golden("version-old-engine")
}
