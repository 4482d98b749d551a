package harness

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Suite is what all tests share. Main fills it in.
var Suite struct {
	Dir    string   // holds all that is on disk
	ID     string   // begins the names of all stacks of this run
	Args   []string // BMO_BUILD_ARGS
	Strict bool     // nobody else uses the engine
	Events *Recorder

	host string // where the engine is
}

// Main runs the tests of a package between two looks at the engine, and returns the exit code for TestMain. What they
// leave behind is a failure like any other.
func Main(m *testing.M) int {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	return code
}

func run(m *testing.M) (code int, err error) {
	Suite.Dir, err = os.MkdirTemp("", "bmo-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(Suite.Dir)
	if err := setUp(); err != nil {
		return 1, err
	}
	before, err := Observe()
	if err != nil {
		return 1, err
	}
	if Suite.Events, err = record(); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, errors.Join(removeAll(before), Suite.Events.stop(), compare(before), Suite.Events.Leaks())
}

func setUp() error {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	Suite.ID = "e2e-" + hex.EncodeToString(b)
	Suite.Args = strings.Fields(os.Getenv("BMO_BUILD_ARGS"))
	Suite.Strict = os.Getenv("CI") == "true" || os.Getenv("BMO_E2E_STRICT") == "1"

	host, err := Command("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil {
		return err
	}
	Suite.host = host
	env, err := environment(Suite.Dir, Suite.ID)
	if err != nil {
		return err
	}
	os.Unsetenv("DOCKER_CONTEXT")
	os.Setenv("DOCKER_HOST", Suite.host)
	for name, value := range env {
		os.Setenv(name, value)
	}

	// That the engine answers, and that the plugin is the one that was built just now.
	out, err := Command("docker", "bmo", "version", "--format", "json")
	if err == nil && !strings.Contains(out, Suite.ID) {
		err = fmt.Errorf("docker runs another plugin than the one under test: %s", out)
	}
	return err
}

// UsePlugin lets docker find the plugin under test, with a version that tells it from an installed one, until the test
// ends. It is for tests that share nothing, and run without Main.
func UsePlugin(t *testing.T, version string) {
	t.Helper()
	env, err := environment(t.TempDir(), version)
	assert.NilError(t, err)
	for name, value := range env {
		t.Setenv(name, value)
	}
}

// Plugin is what UsePlugin sets, for a package that builds the plugin once, below dir.
func Plugin(dir, version string) (env map[string]string, err error) { return environment(dir, version) }

// environment builds the plugin, and returns the variables with which docker finds it and all that it keeps on disk
// lies below dir.
func environment(dir, version string) (map[string]string, error) {
	config, err := installPlugin(dir, version)
	return map[string]string{
		"DOCKER_CONFIG":  config,
		"XDG_CACHE_HOME": filepath.Join(dir, "cache"),
		"XDG_STATE_HOME": filepath.Join(dir, "state"),
	}, err
}

// OnOneEngine skips a test under -short: one whose outcome is the same on every engine. Of several engines that are
// tested, one is tested without -short.
func OnOneEngine(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("on one engine only")
	}
}

// Command runs a command and returns what it printed, without the last line's end.
func Command(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	return strings.TrimRight(string(out), "\n"), nil
}
