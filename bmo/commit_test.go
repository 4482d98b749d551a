package bmo

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestCommitInTheForeground: a `run` in the foreground would end with a service of its instance, and remove it.
func TestCommitInTheForeground(t *testing.T) {
	d := newFixture(t)
	d.AddInstance(t, "shop", d.AddSnapshot("demo", "a", 1), instancetest.Noon, owner.Current())
	c := d.client(t)
	_, err := c.Commit(t.Context(), "shop", CommitOptions{})
	assert.Error(t, err, "instance shop belongs to a `docker bmo run` that is under way: it would end with that")
	assert.DeepEqual(t, hint.All(err), []string{"start one with `docker bmo run -d`"})
	_, err = c.Reset(t.Context(), "shop", ResetOptions{})
	assert.ErrorContains(t, err, "instance shop belongs to")
	assert.Equal(t, d.Count("POST", "/containers/.*/(pause|kill)"), 0)
}

// TestCommitted: a build never finds what was committed, and its parent is known.
func TestCommitted(t *testing.T) {
	d := newFixture(t)
	parent := d.AddSnapshot("demo", "a", 1)
	c := d.client(t)
	a, b := c.committed(parent, "x"), c.committed(parent, "x")
	assert.Assert(t, a.Key != b.Key && len(a.Key) == 64)
	assert.Equal(t, a.Inputs, "")
	assert.Equal(t, a.Parent, parent.Key)
	assert.Equal(t, a.Name, "x")
	assert.DeepEqual(t, a.Services, parent.Services)
	assert.Assert(t, time.Since(a.Created) < time.Minute)
}
