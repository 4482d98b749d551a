package engine_test

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestCreateVolumeReplacesAnOldOne(t *testing.T) {
	f, e := newFake(t)
	f.AddVolume("data", map[string]string{"owner": "dead"})
	assert.NilError(t, e.CreateVolume(t.Context(), "data", map[string]string{"owner": "me"}))
	assert.DeepEqual(t, f.VolumeLabels("data"), map[string]string{"owner": "me"})

	create(t, e, engine.ContainerSpec{Name: "web", Mounts: []engine.Mount{{Volume: "data", Target: "/data"}}})
	err := e.CreateVolume(t.Context(), "data", nil)
	assert.ErrorContains(t, err, "volume is in use")
}

func TestMounts(t *testing.T) {
	f, e := newFake(t)
	create(t, e, engine.ContainerSpec{Name: "web", Mounts: []engine.Mount{
		{Volume: "data", Target: "/data", ReadOnly: true, NoCopy: true, Subpath: "a/b"}, {Target: "/run/secrets"},
	}})
	c, _ := f.Container("web")
	m := c.Host.Mounts[0]
	assert.Assert(t, m.Source == "data" && m.Target == "/data" && m.ReadOnly)
	assert.Assert(t, m.VolumeOptions.NoCopy && m.VolumeOptions.Subpath == "a/b")
	assert.Equal(t, c.Host.Mounts[1].Source, "")
	// The one without a name goes with the container.
	assert.NilError(t, e.RemoveContainer(t.Context(), "web"))
	assert.DeepEqual(t, f.Objects()[1:], []string{"volume data"})
}

func TestSubpathNeedsANewerEngine(t *testing.T) {
	f, _ := newFake(t)
	f.SetAbout(enginetest.About{Version: "25.0.5", APIVersion: "1.44", OSType: "linux"})
	e := f.Engine(t)
	_, err := e.Connect(t.Context())
	assert.NilError(t, err)
	_, err = e.CreateContainer(t.Context(), engine.ContainerSpec{
		Name: "web", Image: "app", Mounts: []engine.Mount{{Volume: "data", Target: "/data", Subpath: "a"}},
	})
	assert.Error(t, err, "create container web: mount the part a of volume data at /data: the engine cannot do that")
	assert.DeepEqual(t, hint.All(err), []string{"mount the whole volume, or use an engine of release 26.0 or newer"})
}
