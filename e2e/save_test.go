package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// A CI job without a registry had nothing but its cache to keep a seeded database in.
func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "save", harness.Edits{"services.web.environment.MINI_PASSWORD": "not-to-be-read"})
	key := a.Build(t)
	list := func() string {
		return harness.Docker(t, "image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "label=docker-bmo.stack="+a.Name)
	}
	whole, delta := filepath.Join(t.TempDir(), "whole.tar.zst"), filepath.Join(t.TempDir(), "delta.tar.zst")
	before := list()
	harness.BMO(t, "snapshot", "save", "-o", whole, key).OK(t)
	assert.Equal(t, list(), before)

	i := a.Run(t)
	second := harness.BMO(t, "commit", i.Name).OK(t).Text()
	i.Remove(t)
	harness.BMO(t, "snapshot", "save", "-o", delta, "--base", key, second).OK(t)
	assert.Assert(t, size(t, delta)*2 < size(t, whole), "%d of %d bytes", size(t, delta), size(t, whole))

	harness.BMO(t, "snapshot", "rm", key, second).OK(t)
	harness.BMO(t, "snapshot", "load", "-i", delta).Fails(t, 1, "was saved without the layers of snapshot "+key+", which is not on the engine")
	in, err := os.Open(whole)
	assert.NilError(t, err)
	defer in.Close()
	loaded := harness.CLI{Stdin: in}.Run(t, "snapshot", "load").OK(t)
	assert.Equal(t, loaded.Text(), "Loaded snapshot: "+key)
	assert.Equal(t, list(), before)
	id := a.Image(t, key, "web")
	all := harness.Docker(t, "image", "inspect", id) + harness.Docker(t, "history", "--no-trunc", id)
	assert.Assert(t, !strings.Contains(all, "docker-bmo.start") && !strings.Contains(all, "docker-bmo.owner"), all)
	assert.Equal(t, harness.BMO(t, "snapshot", "load", "-q", "-i", delta).OK(t).Text(), second)

	for _, k := range []string{key, second} {
		started := a.Do(t, "run", "--snapshot", k, "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`).OK(t)
		assert.Assert(t, strings.HasPrefix(started.Stdout, "hello"), started.Stdout)
	}
}

// size is that of a file.
func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	assert.NilError(t, err)
	return info.Size()
}
