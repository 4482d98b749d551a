package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

func TestKeyValues(t *testing.T) {
	m, err := keyValues("--set", "KEY=VALUE", []string{"A=1", "B=", "C=x=y", "A=2"})
	assert.NilError(t, err)
	assert.DeepEqual(t, m, map[string]string{"A": "2", "B": "", "C": "x=y"})
	for _, bad := range []string{"", "A", "=1"} {
		_, err = keyValues("--set", "KEY=VALUE", []string{bad})
		assert.Error(t, err, fmt.Sprintf("invalid --set %q: want KEY=VALUE", bad))
	}
}

func TestEnvironValues(t *testing.T) {
	t.Setenv("FROM_ENVIRONMENT", "yes")
	m, err := environValues("--build-arg", []string{"A=1", "B=", "FROM_ENVIRONMENT", "NOT_THERE_AT_ALL"})
	assert.NilError(t, err)
	assert.DeepEqual(t, m, map[string]string{"A": "1", "B": "", "FROM_ENVIRONMENT": "yes"})
	_, err = environValues("--build-arg", []string{"=1"})
	assert.Error(t, err, `invalid --build-arg "=1": want KEY=VALUE`)
}

func TestFolders(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_STATE_HOME", "")
	assert.Equal(t, stateDir(), filepath.Join(home, ".local", "state", "docker-bmo"))
	t.Setenv("XDG_STATE_HOME", "/state")
	assert.Equal(t, stateDir(), "/state/docker-bmo")
}
