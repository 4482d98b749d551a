package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// If no engine answers, every command reports that with its address and a hint, and prints nothing else.
func TestNoEngineIsSaidByEveryCommand(t *testing.T) {
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	for _, c := range []string{
		"ps", "build --stack demo", "run --stack demo -- true", "test --stack demo --files * -- true", "stop x", "exec x web true", "logs x", "inspect x", "port x",
		"snapshot ls", "snapshot inspect x", "snapshot rm x", "snapshot save x", "snapshot load", "prune --force", "version",
	} {
		t.Run(c, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command("docker-bmo", append([]string{"bmo"}, strings.Fields(c)...)...)
			cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "DOCKER_HOST="+nobody, "DOCKER_CONTEXT=", "DOCKER_CONFIG="+dir,
				"XDG_CACHE_HOME="+dir, "XDG_STATE_HOME="+dir)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			stdout, err := cmd.Output()
			assert.Assert(t, err != nil)
			assert.Equal(t, cmd.ProcessState.ExitCode(), 125)
			for _, words := range []string{"error: ", nobody, "\nhint: "} {
				assert.Assert(t, strings.Contains(stderr.String(), words), "no %q in:\n%s", words, &stderr)
			}
			assert.Assert(t, c == "version" || len(stdout) == 0, "%s", stdout)
		})
	}
}
