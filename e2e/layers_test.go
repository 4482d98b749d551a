package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// One changed line installed all packages again.
func TestChangedFileInstallsNothing(t *testing.T) {
	t.Parallel()
	demo(t) // has the packages installed, under whatever name
	a := harness.NewDemo(t, "changed", nil)
	a.Write(t, "app/public/demo.css", a.Read(t, "app/public/demo.css")+"\n/* changed by "+harness.Suite.ID+" */\n")

	progress := harness.ParseProgress(t, a.Do(t, "build", "--progress", "rawjson").OK(t).Stderr)
	assert.Assert(t, harness.Step(t, progress, "apt-get install").Cached, "packages were installed again")
	assert.Assert(t, harness.Step(t, progress, "init.sh").Cached, "the database was made again")
	assert.Assert(t, !harness.Step(t, progress, "COPY --from=app").Cached, "the changed file was not copied")
	assert.Assert(t, !harness.Step(t, progress, "bootstrap 1/1").Cached)

	i := a.Run(t)
	_, css := i.Tracker().Request(t, "GET", "/demo.css", nil, nil)
	assert.Assert(t, strings.Contains(css, harness.Suite.ID), "the instance serves the old file")
}

// A build's cache goes to a folder and comes back from it, where the engine's image store can do that.
func TestBuildCache(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "cache", nil)
	dir := filepath.Join(t.TempDir(), "cache")
	if !strings.Contains(harness.Docker(t, "info", "--format", "{{.DriverStatus}}"), "io.containerd.snapshotter") {
		a.Do(t, "build", "--cache-to", "type=local,dest="+dir).Fails(t, 1, "cannot export a build cache", "hint: ")
		a.Build(t, "--cache-to", "type=inline", "--cache-from", "type=local,src="+dir)
		return
	}
	a.Build(t, "--cache-to", "type=local,mode=max,dest="+dir)
	_, err := os.Stat(filepath.Join(dir, "web", "index.json"))
	assert.NilError(t, err)
	a.Write(t, "first-run.sh", a.Read(t, "first-run.sh")+"# changed\n")
	r := a.Do(t, "build", "--progress", "plain", "--cache-from", "type=local,src="+dir).OK(t)
	assert.Assert(t, strings.Contains(r.Stderr, "[web] importing cache manifest"), r.Stderr)
}
