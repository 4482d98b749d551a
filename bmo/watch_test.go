package bmo

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestCheckRunning: what has become of an instance is said in words for a user, with what to do.
func TestCheckRunning(t *testing.T) {
	d := newFixture(t)
	s := d.AddSnapshot("demo", "aa", 1)
	d.AddInstance(t, "shop", s, instancetest.Noon, owner.Current())
	e := d.Engine(t)
	inst, err := instance.Find(t.Context(), e, "shop")
	assert.NilError(t, err)
	c := d.client(t)
	assert.NilError(t, c.CheckRunning(t.Context(), inst))
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { return e.StopContainer(t.Context(), inst.Services["web"], time.Second) }, "service web of instance shop does not run: it ended with exit code "},
		{func() error { return e.RemoveContainer(t.Context(), inst.Services["web"]) }, "instance shop is gone: the container of service web was removed"},
	} {
		assert.NilError(t, step.do())
		err := c.CheckRunning(t.Context(), inst)
		assert.ErrorContains(t, err, step.want)
		assert.Equal(t, len(hint.All(err)), 1)
	}
}
