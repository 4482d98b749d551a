package main

import (
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"
)

// TestProgressOfTheEnvironment: BUILDKIT_PROGRESS applies if --progress and --quiet do not decide, as in buildx.
func TestProgressOfTheEnvironment(t *testing.T) {
	x := newTerminal(t)
	x.current()
	for _, c := range []struct {
		env      string
		args     []string
		code     int
		contains string
	}{
		{env: "plain", contains: "#1 load contexts of shop\n"},
		{env: "rawjson", contains: `"name":"load contexts of shop"`},
		{env: "rawjson", args: []string{"--progress", "plain"}, contains: "#1 load contexts of shop\n"},
		{env: "rawjson", args: []string{"-q"}},
		{env: "nonsense", code: 1, contains: "want auto, plain, tty, quiet or rawjson"},
	} {
		t.Setenv("BUILDKIT_PROGRESS", c.env)
		assert.Equal(t, x.run(append([]string{"build", "--stack", x.file}, c.args...)...), c.code, "%+v", c)
		assert.Assert(t, is.Contains(x.err, c.contains), "%+v", c)
		assert.Assert(t, c.contains != "" || x.err == "", "%+v: %s", c, x.err)
	}
}

// TestPlatformOfTheEnvironment: it applies if --platform is not given.
func TestPlatformOfTheEnvironment(t *testing.T) {
	x := newTerminal(t)
	x.current()
	t.Setenv("DOCKER_DEFAULT_PLATFORM", "windows/amd64")
	assert.Equal(t, x.build(), 1)
	x.golden("build-platform-environment")
	assert.Equal(t, x.run("run", "-d", "--stack", x.file), exitEngine)
	assert.Equal(t, x.build("--platform", "linux/amd64"), 0, "the flag wins")
	t.Setenv("DOCKER_DEFAULT_PLATFORM", "linux/amd64")
	assert.Equal(t, x.build(), 0)
}
