package engine_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
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
		assert.Assert(t, len(img.Layers) == 2 && img.Identity != "")
		assert.Equal(t, img.Platform, "linux/amd64")
		img.Layers, img.Identity, img.Platform = nil, "", ""
		assert.DeepEqual(t, img, want)
	}
	_, err = e.Image(t.Context(), "gone:1")
	assert.Assert(t, engine.IsNotFound(err))

	size, err := e.LayersSize(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, size, int64(105)) // the shared layer counts once
}

// TestIdentity: it is that of what a container gets, whatever the image is called and labelled.
func TestIdentity(t *testing.T) {
	f := enginetest.New(t)
	base := []enginetest.Layer{{Name: "base", Size: 100}}
	e := f.Engine(t)
	of := func(i enginetest.Image) string {
		img, err := e.Image(t.Context(), f.AddImage(i))
		assert.NilError(t, err)
		return img.Identity
	}
	one := of(enginetest.Image{Tags: []string{"a:1"}, Layers: base, Env: []string{"A=1"}, Labels: map[string]string{"made": "today"}})
	assert.Equal(t, of(enginetest.Image{Tags: []string{"b:1"}, Layers: base, Env: []string{"A=1"}, Labels: map[string]string{"made": "then"}}), one)
	assert.Assert(t, of(enginetest.Image{Layers: base, Env: []string{"A=2"}}) != one)
	assert.Assert(t, of(enginetest.Image{Layers: append(base, enginetest.Layer{Name: "more"}), Env: []string{"A=1"}}) != one)
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
	// This is why a commit is not yet an image of a snapshot.
	assert.DeepEqual(t, img.Env, []string{"SECRET=x"})
}

func TestCommitWithoutSpace(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "web"})
	f.Fail("POST", "/commit", 500, "write /var/lib/docker/overlay2/x: no space left on device", 1)
	err := e.Commit(t.Context(), id, "a:1", nil)
	assert.ErrorContains(t, err, "commit a:1: ")
	assert.ErrorContains(t, err, "no space left on device")
	assert.DeepEqual(t, hint.All(err), []string{engine.SpaceHint})
}

// TestSealWithoutBuildKit: with an engine that has no BuildKit, Seal fails instead of hanging.
func TestSealWithoutBuildKit(t *testing.T) {
	_, e := newFake(t)
	_, err := e.Seal(t.Context(), "linux/amd64", engine.SealSpec{Layers: "app", Config: "app", Name: "b"})
	assert.ErrorContains(t, err, "BuildKit")
	_, err = e.Seal(t.Context(), "no platform at all", engine.SealSpec{})
	assert.ErrorContains(t, err, `platform "no platform at all"`)
}

// TestLookAgain: the containerd store fails to list and to count images when one is removed during the call.
func TestLookAgain(t *testing.T) {
	const counted, gone = "snapshot abc does not exist: not found", "NotFound: content digest sha256:abc: not found"
	looks := map[string]func(context.Context, *engine.Engine) error{
		"/images/json": func(ctx context.Context, e *engine.Engine) error { _, err := e.Images(ctx); return err },
		"/system/df":   func(ctx context.Context, e *engine.Engine) error { _, err := e.LayersSize(ctx); return err },
	}
	for path, look := range looks {
		for _, c := range []struct {
			status          int
			message         string
			failures, looks int
			fails           bool
		}{
			{http.StatusInternalServerError, counted, 2, 3, false},
			{http.StatusInternalServerError, "failed to retrieve image list: " + gone, 7, 8, false},
			{http.StatusNotFound, gone, 7, 8, false},
			{http.StatusNotFound, gone, 100, 10, true},
			{http.StatusInternalServerError, "nothing to be seen today", 100, 1, true},
		} {
			f, e := newFake(t)
			f.Fail("GET", path, c.status, c.message, c.failures)
			err := look(t.Context(), e)
			assert.Equal(t, err != nil, c.fails, "%v", err)
			assert.Assert(t, err == nil || strings.Contains(err.Error(), c.message), "%v", err)
			assert.Equal(t, f.Count("GET", path), c.looks)
		}
	}
}
