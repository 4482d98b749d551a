package main

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

func TestConfig(t *testing.T) {
	x := newTerminal(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"config", nil, 0},
		{"config-json", []string{"--format", "json"}, 0},
		{"config-services", []string{"--services"}, 0},
		{"config-flavors", []string{"--flavors"}, 0},
		{"config-hash", []string{"--hash", "*"}, 0},
		{"config-hash-one", []string{"--hash", "web"}, 0},
		{"config-hash-none", []string{"--hash", "cache"}, 1},
		{"config-quiet", []string{"-q"}, 0},
		{"config-bad-format", []string{"--format", "xml"}, 1},
		{"config-bad-set", []string{"--set", "COLOUR=red"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"config", "--stack", x.file}, c.args...)...), c.code)
			x.golden(c.name)
		})
	}
	assert.Equal(t, len(x.Requests()), 0, "no engine is asked: %v", x.Requests())
}

func TestConfigOutput(t *testing.T) {
	x := newTerminal(t)
	file := filepath.Join(t.TempDir(), "out.yaml")
	assert.Equal(t, x.run("config", "--stack", x.file, "-o", file), 0)
	assert.Equal(t, x.out+x.err, "")
	written, err := os.ReadFile(file)
	assert.NilError(t, err)
	assert.Equal(t, x.run("config", "--stack", file), 0)
	assert.Equal(t, x.out, string(written), "what config prints is a stack that config prints alike")
}
