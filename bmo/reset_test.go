package bmo

import (
	"net/http"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
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

// TestRemovedMeanwhile: what somebody has removed while it was to be put back, or to be committed, is called by its name.
func TestRemovedMeanwhile(t *testing.T) {
	for what, do := range map[string]func(*Client, *stack.Stack) error{
		"reset": func(c *Client, st *stack.Stack) error {
			_, err := c.Reset(t.Context(), "shop", ResetOptions{Stack: st})
			return err
		},
		"commit": func(c *Client, st *stack.Stack) error {
			_, err := c.Commit(t.Context(), "shop", CommitOptions{Stack: st})
			return err
		},
		"diff": func(c *Client, st *stack.Stack) error {
			_, err := c.Diff(t.Context(), "shop", DiffOptions{Stack: st})
			return err
		},
	} {
		d := newFixture(t)
		s := snapshottest.New("shop", "0123456789abcdef", instancetest.Noon, "web")
		snapshottest.Add(d.Fake.Fake, s)
		e := d.Engine(t)
		d.add(t, e, s.Labels(), snapshottest.ID(s, "web"))
		var removed atomic.Bool
		d.Before("GET", "/containers/[^/]+/(json|changes)", func(*http.Request) { // it has been found already
			if !removed.Swap(true) {
				assert.Check(t, instance.Remove(t.Context(), e, &instance.Instance{Name: "shop"}, 0))
			}
		})
		st := &stack.Stack{Name: "shop", Services: []stack.Service{{Name: "web", Image: "x", Snapshot: true}}}
		err := do(d.client(t), st)
		assert.ErrorContains(t, err, "instance shop, or a container of it, was removed meanwhile: ", what)
	}
}

// TestResetTwiceAtOnce: an instance that another reset has started anew meanwhile is not gone, and nothing is to be removed.
func TestResetTwiceAtOnce(t *testing.T) {
	d := newFixture(t)
	s := snapshottest.New("shop", "0123456789abcdef", instancetest.Noon, "web")
	snapshottest.Add(d.Fake.Fake, s)
	e := d.Engine(t)
	d.add(t, e, s.Labels(), snapshottest.ID(s, "web"))
	var again atomic.Bool
	d.Before("POST", "/networks/create", func(*http.Request) {
		if !again.Swap(true) {
			_, err := d.AddNetwork("docker-bmo-shop", s.Labels())
			assert.Check(t, err)
		}
	})
	st := &stack.Stack{Name: "shop", Services: []stack.Service{{Name: "web", Image: "x", Snapshot: true}}}
	_, err := d.client(t).Reset(t.Context(), "shop", ResetOptions{Stack: st})
	assert.ErrorContains(t, err, "instance shop was not reset: another process has started one of that name meanwhile")
	assert.Equal(t, len(hint.All(err)), 1)
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
