package engine_test

import (
	"context"
	"io"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// take reads a file out of a container, and leaves an empty one there.
func take(ctx context.Context, t *testing.T, e *engine.Engine, id, dir, name string) engine.Kept {
	t.Helper()
	r, err := e.ReadArchive(ctx, id, name)
	assert.NilError(t, err)
	defer r.Close()
	archive, err := io.ReadAll(r)
	assert.NilError(t, err)
	assert.NilError(t, e.WriteFiles(ctx, id, dir, []engine.File{{Path: name}}))
	return engine.Kept{Container: id, Path: name, Archive: archive}
}

// TestKept: what is kept in another container comes back as it was, until it is forgotten.
func TestKept(t *testing.T) {
	f, e := newFake(t)
	web := create(t, e, engine.ContainerSpec{Name: "web", Mounts: []engine.Mount{{Volume: "data", Target: "/data"}}})
	assert.NilError(t, e.WriteFiles(t.Context(), web, "/", []engine.File{{Path: "/run/key", Content: []byte("k"), Mode: 0o440, UID: 33}}))
	assert.NilError(t, e.WriteFiles(t.Context(), web, "/data", []engine.File{{Path: "/data/conf", Content: []byte("c"), Mode: 0o600}}))
	lock := create(t, e, engine.ContainerSpec{Name: "lock"})
	kept, err := e.KeptIn(t.Context(), lock)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 0)

	want := []engine.Kept{take(t.Context(), t, e, web, "/data", "/data/conf"), take(t.Context(), t, e, web, "/", "/run/key")}
	assert.NilError(t, e.Keep(t.Context(), lock, want))
	kept, err = e.KeptIn(t.Context(), lock)
	assert.NilError(t, err)
	assert.DeepEqual(t, kept, want)
	for _, k := range kept {
		assert.NilError(t, e.PutBack(t.Context(), k))
	}
	key, _ := f.File("web", "/run/key")
	assert.DeepEqual(t, key, enginetest.File{Content: "k", Mode: 0o440, UID: 33})
	conf, _ := f.File("web", "/data/conf")
	assert.DeepEqual(t, conf, enginetest.File{Content: "c", Mode: 0o600})

	assert.NilError(t, e.ForgetKept(t.Context(), lock))
	kept, err = e.KeptIn(t.Context(), lock)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 0)
}

// TestKeptInPart: of what was killed while it was written, nothing is put back: nothing was taken out of a container yet, and
// the last file may be half.
func TestKeptInPart(t *testing.T) {
	_, e := newFake(t)
	lock := create(t, e, engine.ContainerSpec{Name: "lock"})
	assert.NilError(t, e.WriteFiles(t.Context(), lock, "/", []engine.File{{Path: "/docker-bmo-kept/0123/run/key", Content: []byte("ha")}}))
	kept, err := e.KeptIn(t.Context(), lock)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 0)
	_, err = e.KeptIn(t.Context(), "gone")
	assert.NilError(t, err)
}
