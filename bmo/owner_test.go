package bmo

import (
	"os"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestR1OwnerHoldsALock: with a state folder a process is seen by its lock, and that is taken once.
func TestR1OwnerHoldsALock(t *testing.T) {
	d := newFixture(t)
	state := t.TempDir()
	c := d.client(t, WithStateDir(state))
	o := c.owner(t.Context())
	assert.Assert(t, o.Lock != "")
	assert.Equal(t, c.owner(t.Context()), o)
	assert.Equal(t, d.client(t, WithStateDir(state)).owner(t.Context()).Lock, o.Lock)
	o.Space, o.PID = "1", 1 // its process cannot be seen
	assert.Equal(t, c.view().Look(t.Context(), o), owner.Alive)
	assert.Equal(t, owner.View{}.Look(t.Context(), o), owner.Unknown)

	without := d.client(t).owner(t.Context())
	assert.Equal(t, without.Lock, "")
	assert.Equal(t, owner.View{}.Look(t.Context(), without), owner.Alive)

	file := state + "/file"
	assert.NilError(t, os.WriteFile(file, nil, 0o600))
	broken := d.client(t, WithStateDir(file)).owner(t.Context())
	assert.Equal(t, broken.Lock, "")
	assert.Equal(t, len(d.Requests()), 0) // no engine is asked where there is no container around us
}
