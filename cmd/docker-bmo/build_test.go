package main

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

func (x *terminal) build(args ...string) int {
	x.t.Helper()
	return x.run(append([]string{"build", "--stack", x.file, "--progress", "quiet"}, args...)...)
}

// TestBuildUpToDate: the files are written even if the snapshot exists already.
func TestBuildUpToDate(t *testing.T) {
	x := newTerminal(t)
	s := x.current()
	dir := t.TempDir()
	iid, metadata := filepath.Join(dir, "iid"), filepath.Join(dir, "metadata.json")
	assert.Equal(t, x.build("--iidfile", iid, "--metadata-file", metadata, "--platform", "linux/amd64,linux/x86_64"), 0)
	assert.Equal(t, x.out, snapshot.Short(s.Key)+"\n")
	x.golden("build")

	written, err := os.ReadFile(iid)
	assert.NilError(t, err)
	assert.Equal(t, string(written), s.Key)
	written, err = os.ReadFile(metadata)
	assert.NilError(t, err)
	golden.Assert(t, normal(string(written)), "build-metadata.golden")
	assert.Equal(t, x.Count("POST", "/(grpc|session)"), 0, "BuildKit is not spoken to")

	assert.Equal(t, x.build("-q"), 0)
	assert.Equal(t, x.err, "")
}

func TestBuildMistakes(t *testing.T) {
	x := newTerminal(t)
	x.current()
	nowhere := filepath.Join(t.TempDir(), "missing", "app")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"build-label-ours", []string{"--label", "docker-bmo.key=x"}},
		{"build-label-nameless", []string{"--label", "=x"}},
		{"build-platform-other", []string{"--platform", "windows/amd64"}},
		{"build-platform-several", []string{"--platform", "linux/amd64,linux/arm64"}},
		{"build-platform-bad", []string{"--platform", "linux/amd64/v1/v2"}},
		{"build-cache-to-store", []string{"--cache-to", "type=local,dest=cache"}},
		{"build-cache-to-type", []string{"--cache-to", "dest=cache"}},
		{"build-cache-from-digest", []string{"--cache-from", "app@sha256:" + key("a")}},
		{"build-cache-from-bad", []string{"--cache-from", "UPPER CASE"}},
		{"build-iidfile", []string{"--iidfile", nowhere}},
		{"build-metadata-file", []string{"--metadata-file", nowhere}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.build(c.args...), 1)
			x.golden(c.name)
		})
	}
}

// TestBuildCacheStores: the containerd image store can do what the other one cannot.
func TestBuildCacheStores(t *testing.T) {
	x := newTerminal(t)
	x.current()
	assert.Equal(t, x.build("--cache-to", "type=inline"), 0)
	about := enginetest.Modern
	about.DriverStatus = [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}
	x.SetAbout(about)
	assert.Equal(t, x.build("--cache-to", "type=local,dest=cache", "--cache-to", "user/app:cache"), 0)
}
