package e2e

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

	"github.com/docker-bmo/docker-bmo/e2e/plugin"
)

// suite is what all tests share.
var suite struct {
	dir    string   // holds all that is on disk
	id     string   // begins the names of all stacks of this run
	host   string   // where the engine is
	args   []string // BMO_BUILD_ARGS
	strict bool     // nobody else uses the engine
	events *recorder
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	os.Exit(code)
}

// run runs the tests between two looks at the engine. What they leave behind is a failure like any other.
func run(m *testing.M) (code int, err error) {
	suite.dir, err = os.MkdirTemp("", "bmo-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(suite.dir)
	if err := setUp(); err != nil {
		return 1, err
	}
	before, err := observe()
	if err != nil {
		return 1, err
	}
	if suite.events, err = record(); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, errors.Join(removeAll(), suite.events.stop(), compare(before), suite.events.leaks())
}

func setUp() error {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	suite.id = "e2e-" + hex.EncodeToString(b)
	suite.args = strings.Fields(os.Getenv("BMO_BUILD_ARGS"))
	suite.strict = os.Getenv("CI") == "true" || os.Getenv("BMO_E2E_STRICT") == "1"

	host, err := command("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil {
		return err
	}
	suite.host = host
	config, err := plugin.Install(suite.dir, suite.id)
	if err != nil {
		return err
	}
	os.Unsetenv("DOCKER_CONTEXT")
	os.Setenv("DOCKER_HOST", suite.host)
	os.Setenv("DOCKER_CONFIG", config)
	os.Setenv("XDG_CACHE_HOME", filepath.Join(suite.dir, "cache"))
	os.Setenv("XDG_STATE_HOME", filepath.Join(suite.dir, "state"))

	// That the engine answers, and that the plugin is the one that was built just now.
	out, err := command("docker", "bmo", "version", "--format", "json")
	if err == nil && !strings.Contains(out, suite.id) {
		err = fmt.Errorf("docker runs another plugin than the one under test: %s", out)
	}
	return err
}

// command runs a command and returns what it printed, without the last line's end.
func command(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	return strings.TrimRight(string(out), "\n"), nil
}
