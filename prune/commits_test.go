package prune_test

import (
	"io"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/prune"
)

// killedCommit adds a service of an instance to the engine, and the lock of a commit that was killed when it had taken the
// service's secret out.
func killedCommit(t *testing.T, f *enginetest.Fake) (service string) {
	t.Helper()
	e := f.Engine(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	service, err := e.CreateContainer(t.Context(), engine.ContainerSpec{
		Name: "shop-db", Image: "app:1", Labels: map[string]string{label.Instance: "shop", label.Service: "db"},
	})
	assert.NilError(t, err)
	p, err := e.Start(t.Context(), service, nil, nil)
	assert.NilError(t, err)
	lock, err := e.CreateContainer(t.Context(), engine.ContainerSpec{
		Name: "docker-bmo.commit.shop", Image: "app:1",
		Labels: owned(dead(), 0, label.Role+"="+label.RoleCommit, label.CommitOf+"=shop", label.Services+"=db"),
	})
	assert.NilError(t, err)
	assert.NilError(t, e.StopContainer(t.Context(), service, long))
	_, err = p.Wait(t.Context())
	assert.NilError(t, err)
	writeKey(t, f, service, "k")
	r, err := e.ReadArchive(t.Context(), service, "/run/key")
	assert.NilError(t, err)
	archive, err := io.ReadAll(r)
	assert.NilError(t, err)
	assert.NilError(t, e.Keep(t.Context(), lock, []engine.Kept{
		{Container: "gone", Path: "/run/key", Archive: archive}, {Container: service, Path: "/run/key", Archive: archive},
	}))
	writeKey(t, f, service, "")
	return service
}

func writeKey(t *testing.T, f *enginetest.Fake, id, content string) {
	t.Helper()
	assert.NilError(t, f.Engine(t).WriteFiles(t.Context(), id, "/", []engine.File{{Path: "/run/key", Content: []byte(content)}}))
}

// TestKeptIsPutBackOnce: when a sweep does not come to its end, the next one leaves alone what a service has made of its
// files since.
func TestKeptIsPutBackOnce(t *testing.T) {
	f := enginetest.New(t)
	service := killedCommit(t, f)
	f.Fail("DELETE", "/containers/.*", 500, "device or resource busy", 1)
	_, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.ErrorContains(t, err, "busy")
	key, _ := f.File(service, "/run/key")
	assert.Equal(t, key.Content, "k")
	writeKey(t, f, service, "newer")
	sweep(t, f)
	key, _ = f.File(service, "/run/key")
	assert.Equal(t, key.Content, "newer")
	c, _ := f.Container(service)
	assert.Equal(t, c.State, "running")
	assert.DeepEqual(t, f.Objects(), []string{"container shop-db", "image app:1"})
}

// TestSweepsOfOneCommit: the lock goes under a sweep, by another one or by `docker container prune`.
func TestSweepsOfOneCommit(t *testing.T) {
	f := enginetest.New(t)
	service := killedCommit(t, f)
	other := f.EngineAs(t, "other")
	f.After("PUT", "/containers/"+service+"/archive", func(*http.Request) {
		assert.Check(t, other.RemoveContainer(t.Context(), "docker-bmo.commit.shop"))
	})
	_, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.NilError(t, err)
	c, _ := f.Container(service)
	assert.Equal(t, c.State, "running")
	key, _ := f.File(service, "/run/key")
	assert.Equal(t, key.Content, "k")
}

// TestNoStartWithoutTheFiles: a service whose secret cannot be put back is not started without it; the next sweep tries again.
func TestNoStartWithoutTheFiles(t *testing.T) {
	f := enginetest.New(t)
	service := killedCommit(t, f)
	f.Fail("PUT", "/containers/.*/archive", 500, "no luck", 1)
	_, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.ErrorContains(t, err, "no luck")
	c, _ := f.Container(service)
	assert.Equal(t, c.State, "exited")
	sweep(t, f)
	key, _ := f.File(service, "/run/key")
	assert.Equal(t, key.Content, "k")
	c, _ = f.Container(service)
	assert.Equal(t, c.State, "running")
}
