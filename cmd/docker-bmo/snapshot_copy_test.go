package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/config"
	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// addContext adds a docker context.
func addContext(t *testing.T, name, host string) {
	t.Helper()
	s := store.New(filepath.Join(config.Dir(), "contexts"), command.DefaultContextStoreConfig())
	assert.NilError(t, s.CreateOrUpdate(store.Metadata{
		Name: name, Metadata: command.DockerContext{}, Endpoints: map[string]any{"docker": dockercontext.EndpointMeta{Host: host}},
	}))
}

// TestSnapshotCopy: an instance starts on the other engine, with nothing but what was copied.
func TestSnapshotCopy(t *testing.T) {
	x := newTerminal(t)
	other := instancetest.New(t)
	addContext(t, "build-server", other.Host())
	addContext(t, "nowhere", "unix:///nowhere/docker.sock")
	made := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour)}, nil)
	steps := func(name string, code int, args ...string) {
		t.Helper()
		assert.Equal(t, x.run(args...), code, "%v: %s", args, x.err)
		x.err = strings.ReplaceAll(x.err, other.Host(), "unix:///other.sock")
		x.golden("snapshot-copy-" + name)
	}
	steps("copied", 0, "snapshot", "copy", "--progress", "plain", "aaaa", "build-server")
	steps("again", 0, "snapshot", "copy", "aaaa", "build-server")
	steps("none", 1, "snapshot", "copy", "ffff", "build-server")
	steps("no-context", 1, "snapshot", "copy", "aaaa", "build-serve")
	steps("nowhere", exitEngine, "snapshot", "copy", "aaaa", "nowhere")
	assert.DeepEqual(t, x.offered("snapshot", "copy", "aaaa", ""), []string{"build-server", "nowhere"})

	x.docker.Fake = other
	other.SetPrograms(shopPrograms)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", made.Key), 0, x.err)
}
