package instance

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestAloneByTheEnginesClock: a client whose clock is days behind makes no helper container that others take for old.
func TestAloneByTheEnginesClock(t *testing.T) {
	f := newFixture(t)
	engineNow := func() time.Time { return time.Now().Add(3 * owner.Foreign) }
	f.SetNow(engineNow)
	_, err := f.req.Engine.Connect(t.Context())
	assert.NilError(t, err)
	f.req.Owner = owner.Owner{Host: "elsewhere", Machine: "m", Boot: "b", PID: 1, Start: "1"}
	id, remove, err := Alone(t.Context(), f.req, f.req.Stack.Services[0])
	assert.NilError(t, err)
	c, ok := f.Container(id)
	assert.Assert(t, ok)
	assert.Assert(t, !owner.View{Now: engineNow}.Orphaned(t.Context(), c.Config.Labels), c.Config.Labels[label.Created])
	assert.NilError(t, remove())
	f.leavesNothing(t)
}
