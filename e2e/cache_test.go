package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// A build's cache goes to a folder and comes back from it, where the engine's image store can do that.
func TestBuildCache(t *testing.T) {
	t.Parallel()
	a := newMini(t, "cache", nil)
	dir := filepath.Join(t.TempDir(), "cache")
	if !strings.Contains(docker(t, "info", "--format", "{{.DriverStatus}}"), "io.containerd.snapshotter") {
		a.do(t, "build", "--cache-to", "type=local,dest="+dir).fails(t, 1, "cannot export a build cache", "hint: ")
		a.build(t, "--cache-to", "type=inline", "--cache-from", "type=local,src="+dir)
		return
	}
	a.build(t, "--cache-to", "type=local,mode=max,dest="+dir)
	_, err := os.Stat(filepath.Join(dir, "web", "index.json"))
	assert.NilError(t, err)
	a.write(t, "first-run.sh", a.read(t, "first-run.sh")+"# changed\n")
	r := a.do(t, "build", "--progress", "plain", "--cache-from", "type=local,src="+dir).ok(t)
	assert.Assert(t, strings.Contains(r.stderr, "[web] importing cache manifest"), r.stderr)
}
