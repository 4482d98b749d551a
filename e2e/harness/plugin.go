package harness

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

const source = "github.com/docker-bmo/docker-bmo/cmd/docker-bmo"

// cacheHome is where Go has its cache, before the tests have one of their own.
var cacheHome = os.Getenv("XDG_CACHE_HOME")

// installPlugin builds the plugin, with a version of its own to tell it from an installed one, and makes a docker
// configuration that finds it, for DOCKER_CONFIG. Both lie below dir.
func installPlugin(dir, version string, tags ...string) (config string, err error) {
	plugins := filepath.Join(dir, "plugins")
	build := exec.Command("go", "build", "-o", filepath.Join(plugins, "docker-bmo"), "-tags", strings.Join(tags, ","),
		"-ldflags", "-X github.com/docker-bmo/docker-bmo/internal/version.Version="+version, source)
	build.Env = append(os.Environ(), "XDG_CACHE_HOME="+cacheHome)
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the plugin: %w\n%s", err, out)
	}
	file, err := json.Marshal(map[string]any{"cliPluginsExtraDirs": []string{plugins}})
	if err != nil {
		return "", err
	}
	config = filepath.Join(dir, "config")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return "", err
	}
	return config, os.WriteFile(filepath.Join(config, "config.json"), file, 0o600)
}

// Impatient builds the plugin under test once more, with limits of seconds for what the engine may take, and returns the
// configuration that finds it.
var Impatient = sync.OnceValues(func() (config string, err error) {
	return installPlugin(filepath.Join(Suite.Dir, "impatient"), Suite.ID, "impatient")
})
