package engine_test

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestSelf: a container of another engine, or none, is not ours.
func TestSelf(t *testing.T) {
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	e := f.Engine(t)
	id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "ci", Image: "app:1"})
	assert.NilError(t, err)
	mounted := func(id string) string {
		return "1 2 3:4 /var/lib/docker/containers/" + id + "/hosts /etc/hosts rw - ext4 /dev/vda1 rw\n"
	}
	engine.SetMountTable(t, "")
	self, since := e.Self(t.Context())
	assert.Equal(t, self+since, "")
	assert.Equal(t, f.Count("GET", ".*"), 0)

	engine.SetMountTable(t, mounted(id))
	self, since = e.Self(t.Context())
	assert.Equal(t, self+since, "") // it does not run
	_, err = e.Start(t.Context(), id, nil, nil)
	assert.NilError(t, err)
	self, since = e.Self(t.Context())
	assert.Equal(t, self, id)
	now, err := e.RunningSince(t.Context(), id)
	assert.NilError(t, err)
	assert.Assert(t, since != "" && since == now)

	assert.NilError(t, e.RemoveContainer(t.Context(), id))
	self, since = e.Self(t.Context())
	assert.Equal(t, self+since, "")
	f.Fail("GET", "/containers/.*", 500, "not now", 1)
	_, err = e.RunningSince(t.Context(), id)
	assert.ErrorContains(t, err, "not now")
}
