package engine_test

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

func TestImages(t *testing.T) {
	f := enginetest.New(t)
	made := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	id := f.AddImage(enginetest.Image{
		Tags: []string{"a:1", "b:1"}, Labels: map[string]string{"role": "x"}, Created: made,
		Layers: []enginetest.Layer{{Name: "base", Size: 100}, {Name: "more", Size: 5}},
	})
	f.AddImage(enginetest.Image{Tags: []string{"c:1"}, Layers: []enginetest.Layer{{Name: "base", Size: 100}}})
	e := f.Engine(t)
	want := engine.Image{ID: id, Tags: []string{"a:1", "b:1"}, Labels: map[string]string{"role": "x"}, Created: made, Size: 105}

	list, err := e.Images(t.Context(), "role=x")
	assert.NilError(t, err)
	assert.DeepEqual(t, list, []engine.Image{want})
	for _, ref := range []string{id, "a:1", "b:1"} {
		img, err := e.Image(t.Context(), ref)
		assert.NilError(t, err)
		assert.DeepEqual(t, img, want)
	}
	_, err = e.Image(t.Context(), "gone:1")
	assert.Assert(t, engine.IsNotFound(err))

	size, err := e.LayersSize(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, size, int64(105)) // the shared layer counts once
}

func TestRemoveImage(t *testing.T) {
	f := enginetest.New(t)
	id := f.AddImage(enginetest.Image{Tags: []string{"a:1", "b:1"}})
	e := f.Engine(t)
	untagged, deleted, err := e.RemoveImage(t.Context(), "a:1")
	assert.NilError(t, err)
	assert.DeepEqual(t, untagged, []string{"a:1"})
	assert.Assert(t, deleted == nil)
	untagged, deleted, err = e.RemoveImage(t.Context(), "b:1")
	assert.NilError(t, err)
	assert.DeepEqual(t, untagged, []string{"b:1"})
	assert.DeepEqual(t, deleted, []string{id})
}

func TestCommit(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "web", Labels: map[string]string{"old": "1", "both": "1"}, Environment: []string{"SECRET=x"}})
	odd := "with \"quotes\", $dollars, \\ and = and\nlines"
	assert.NilError(t, e.Commit(t.Context(), id, "docker-bmo/demo-web:raw", map[string]string{"new": odd, "both": "2"}))
	img, ok := f.Image("docker-bmo/demo-web:raw")
	assert.Assert(t, ok)
	assert.DeepEqual(t, img.Labels, map[string]string{"old": "1", "both": "2", "new": odd})
	// This is why a commit is not a snapshot's image yet.
	assert.DeepEqual(t, img.Env, []string{"SECRET=x"})
}

func TestCommitWithoutSpace(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "web"})
	f.Fail("POST", "/commit", 500, "write /var/lib/docker/overlay2/x: no space left on device", 1)
	err := e.Commit(t.Context(), id, "a:1", nil)
	assert.ErrorContains(t, err, "commit a:1: ")
	assert.ErrorContains(t, err, "no space left on device")
	assert.DeepEqual(t, engine.Hints(err), []string{engine.SpaceHint})
}

// TestSealWithoutBuildKit: an engine that has no BuildKit fails, it does not hang.
func TestSealWithoutBuildKit(t *testing.T) {
	_, e := newFake(t)
	_, err := e.Seal(t.Context(), "linux/amd64", engine.SealSpec{Layers: "app", Config: "app", Name: "b"})
	assert.ErrorContains(t, err, "BuildKit")
	_, err = e.Seal(t.Context(), "no platform at all", engine.SealSpec{})
	assert.ErrorContains(t, err, `platform "no platform at all"`)
}

// TestLayersSizeAgain: the containerd store loses count when something goes meanwhile.
func TestLayersSizeAgain(t *testing.T) {
	f, e := newFake(t)
	f.Fail("GET", "/system/df", 500, "snapshot abc does not exist: not found", 2)
	size, err := e.LayersSize(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, size, int64(100e6))
	for _, c := range []struct {
		message string
		asked   int
	}{{"snapshot abc does not exist: not found", 5}, {"no counting today", 1}} {
		before := f.Count("GET", "/system/df")
		f.Fail("GET", "/system/df", 500, c.message, c.asked)
		_, err = e.LayersSize(t.Context())
		assert.ErrorContains(t, err, c.message)
		assert.Equal(t, f.Count("GET", "/system/df")-before, c.asked)
	}
}
