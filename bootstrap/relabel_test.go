package bootstrap

import (
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// labelled returns a finished bootstrap, and the request to give its snapshot a label.
func labelled(t *testing.T) (*fixture, *snapshot.Snapshot, Request) {
	t.Helper()
	f := newFixture(t)
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	again := f.req
	again.Snapshot, again.Labels = *s, map[string]string{"ci.run": "42"}
	f.before = f.Objects()
	return f, s, again
}

func TestRelabel(t *testing.T) {
	f, old, again := labelled(t)
	layers := map[string][]string{}
	for service, img := range old.Images {
		layers[service] = f.layers(t, img.ID)
	}
	events := f.events()
	s, err := Relabel(t.Context(), again)
	assert.NilError(t, err)
	assert.Equal(t, len(events()), 0, "nothing is started or committed: %v", events())
	assert.Equal(t, s.Key, old.Key)
	assert.Assert(t, s.Created.After(old.Created), "the newer one is taken from now on")
	assert.Assert(t, s.Complete())
	for service, img := range s.Images {
		assert.DeepEqual(t, f.layers(t, img.ID), layers[service])
		assert.Equal(t, img.Labels["ci.run"], "42")
		assert.Equal(t, img.Labels["own"], service, "labels of the Dockerfile stay")
		assert.Equal(t, img.Labels[label.Parent], old.Images[service].Labels[label.Parent])
		assert.Equal(t, img.Labels[label.Context+"source"], "sha256:01")
		assert.DeepEqual(t, img.Tags, []string{snapshot.Tag("demo", service, s.Key)})
	}

	// The images of the older snapshot were removed with their last names.
	assert.DeepEqual(t, f.Objects(), f.before)
	list, err := snapshot.List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
}

func TestRelabelIsOneAtATime(t *testing.T) {
	f, _, again := labelled(t)
	_, err := f.AddNetwork(Name(again.Snapshot.Key), nil)
	assert.NilError(t, err)
	_, err = Relabel(t.Context(), again)
	assert.ErrorIs(t, err, ErrBusy)
}

// TestRelabelThatFails: the snapshot stays as it was.
func TestRelabelThatFails(t *testing.T) {
	f, old, again := labelled(t)
	f.Fail(http.MethodPost, "/seal", http.StatusInternalServerError, "no space left on device", 1)
	_, err := Relabel(t.Context(), again)
	assert.ErrorContains(t, err, "no space left on device")
	f.leavesNothing(t)
	s, err := snapshot.FindKey(t.Context(), f.req.Engine, old.Key)
	assert.NilError(t, err)
	assert.Assert(t, s.Created.Equal(old.Created))
}

// TestRelabelMovedNames: the images are found by identifier, even if another process has moved their names.
func TestRelabelMovedNames(t *testing.T) {
	f, old, again := labelled(t)
	for service, img := range old.Images {
		assert.NilError(t, f.req.Engine.TagImage(t.Context(), img.ID, "elsewhere/"+service+":1"))
		_, _, err := f.req.Engine.RemoveImage(t.Context(), snapshot.Tag("demo", service, old.Key))
		assert.NilError(t, err)
	}
	s, err := Relabel(t.Context(), again)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), f.layers(t, old.Images["web"].ID))
}

// TestRelabelInUse: the images from which an instance was started stay.
func TestRelabelInUse(t *testing.T) {
	f, old, again := labelled(t)
	_, err := f.req.Engine.CreateContainer(t.Context(), engine.ContainerSpec{Name: "x", Image: old.Images["web"].ID})
	assert.NilError(t, err)
	_, err = Relabel(t.Context(), again)
	assert.NilError(t, err)
	_, ok := f.Image(old.Images["web"].ID)
	assert.Assert(t, ok)
}
