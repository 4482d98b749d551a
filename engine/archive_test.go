package engine_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestWriteFiles(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "web", Mounts: []engine.Mount{{Volume: "data", Target: "/data"}}})
	assert.NilError(t, e.WriteFiles(t.Context(), id, "/", []engine.File{
		{Path: "/run/secrets/key", Content: []byte("secret"), Mode: 0o440, UID: 33, GID: 34},
	}))
	assert.NilError(t, e.WriteFiles(t.Context(), id, "/data", []engine.File{{Path: "/data/x/conf", Mode: 0o600}}))
	got, ok := f.File("web", "/run/secrets/key")
	assert.Assert(t, ok)
	assert.DeepEqual(t, got, enginetest.File{Content: "secret", Mode: 0o440, UID: 33, GID: 34})
	_, ok = f.File("web", "/data/x/conf")
	assert.Assert(t, ok)
	err := e.WriteFiles(t.Context(), id, "/data", []engine.File{{Path: "/database"}})
	assert.Error(t, err, "/database is not below /data")
}

// TestVolumeBecomesAnImageAndAVolumeAgain: what is in a volume gets into an image, and from there into another volume.
func TestVolumeBecomesAnImageAndAVolumeAgain(t *testing.T) {
	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "web", Mounts: []engine.Mount{{Volume: "data", Target: "/volume"}}})
	assert.NilError(t, e.WriteFiles(t.Context(), id, "/volume", []engine.File{{Path: "/volume/a/b", Content: []byte("x"), Mode: 0o600, UID: 7}}))
	r, err := e.ReadArchive(t.Context(), id, "/volume")
	assert.NilError(t, err)
	defer r.Close()
	assert.NilError(t, e.ImportImage(t.Context(), "carrier:1", "linux/amd64", r, map[string]string{"l": `v "1"`}))
	img, ok := f.Image("carrier:1")
	assert.Assert(t, ok)
	assert.DeepEqual(t, img.Labels, map[string]string{"l": `v "1"`})

	create(t, e, engine.ContainerSpec{Name: "other", Image: "carrier:1", Mounts: []engine.Mount{{Volume: "copy", Target: "/volume"}}})
	got, ok := f.File("other", "/volume/a/b")
	assert.Assert(t, ok)
	assert.DeepEqual(t, got, enginetest.File{Content: "x", Mode: 0o600, UID: 7})
}

// TestReadArchiveIsCut: the connection breaks in the middle of a file.
func TestReadArchiveIsCut(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte("{}")))
		w.Header().Set("Content-Type", "application/x-tar")
		_, _ = w.Write(make([]byte, 4096))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+s.Listener.Addr().String()), client.WithVersion("1.51"))
	assert.NilError(t, err)
	r, err := engine.New(api).ReadArchive(t.Context(), "web", "/etc")
	assert.NilError(t, err)
	defer r.Close()
	_, err = io.ReadAll(r)
	err = engine.Lost(err)
	assert.Assert(t, engine.IsFailure(err), "%v", err)
	assert.Equal(t, len(hint.All(err)), 1)
}

func TestImportFails(t *testing.T) {
	f, e := newFake(t)
	f.Fail("POST", "/images/create", 500, "no space left on device", 1)
	err := e.ImportImage(t.Context(), "carrier:1", "", nil, nil)
	assert.ErrorContains(t, err, "import image carrier:1: ")
}
