package bmo

import (
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestResetDuringPrune: while an instance is reset nothing runs from its snapshot, and a prune may take that.
func TestResetDuringPrune(t *testing.T) {
	d := newFixture(t)
	s := snapshottest.New("shop", "0123456789abcdef", instancetest.Noon, "web")
	snapshottest.Add(d.Fake.Fake, s)
	e := d.Engine(t)
	d.add(t, e, s.Labels(), snapshottest.ID(s, "web"))
	d.After("DELETE", "/containers/.*", func(*http.Request) {
		_, _, err := e.RemoveImage(t.Context(), snapshottest.ID(s, "web"))
		assert.Check(t, err)
	})
	st := &stack.Stack{Name: "shop", Services: []stack.Service{{Name: "web", Image: "x", Snapshot: true}}}
	_, err := d.client(t).Reset(t.Context(), "shop", ResetOptions{Stack: st})
	assert.ErrorContains(t, err, "instance shop is gone: it did not start anew from its snapshot: ")
	assert.ErrorContains(t, err, "No such image")
	assert.DeepEqual(t, hint.All(err), []string{"another process has removed the snapshot meanwhile; `docker bmo run` makes it again"})
}

// add adds a detached instance with one service.
func (d *fixture) add(t *testing.T, e *engine.Engine, labels map[string]string, image string) {
	t.Helper()
	for k, v := range map[string]string{
		label.Role: label.RoleInstance, label.Instance: "shop", label.Flavor: "low", label.Lead: "true", label.Detached: "true", label.Service: "web",
	} {
		labels[k] = v
	}
	network, err := d.AddNetwork("docker-bmo-shop", labels)
	assert.NilError(t, err)
	id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "docker-bmo-shop-web", Image: image, Labels: labels, Network: network})
	assert.NilError(t, err)
	_, err = e.Start(t.Context(), id, nil, nil)
	assert.NilError(t, err)
}
