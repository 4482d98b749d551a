package harness

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const source = "github.com/docker-bmo/docker-bmo/cmd/docker-bmo"

// installPlugin builds the plugin, with a version of its own to tell it from an installed one, and makes a docker
// configuration that finds it, for DOCKER_CONFIG. Both lie below dir.
func installPlugin(dir, version string) (config string, err error) {
	plugins := filepath.Join(dir, "plugins")
	out, err := exec.Command("go", "build", "-o", filepath.Join(plugins, "docker-bmo"),
		"-ldflags", "-X github.com/docker-bmo/docker-bmo/internal/version.Version="+version, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the plugin: %w\n%s", err, out)
	}
	file, err := json.Marshal(map[string]any{"cliPluginsExtraDirs": []string{plugins}})
	if err != nil {
		return "", err
	}
	config = filepath.Join(dir, "config")
	if err := os.Mkdir(config, 0o700); err != nil {
		return "", err
	}
	return config, os.WriteFile(filepath.Join(config, "config.json"), file, 0o600)
}
