package prune_test

import (
	"maps"
	"net/http"
	"path"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/prune"
)

// addMember adds an instance of pool p that filler has started; name is that of its lead container.
func addMember(t *testing.T, f *enginetest.Fake, filler owner.Owner, lead string, pausedLead bool) {
	t.Helper()
	e := f.Engine(t)
	labels := owned(filler, 0, label.Role+"="+label.RoleInstance, label.Instance+"=m", label.Pool+"=p", label.Detached+"=true")
	network, err := f.AddNetwork("m", labels)
	assert.NilError(t, err)
	for _, name := range []string{"m-db", lead} {
		l := maps.Clone(labels)
		if name == lead {
			l[label.Lead] = "true"
		}
		id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: name, Image: "app:1", Labels: l, Network: network})
		assert.NilError(t, err)
		_, err = e.Start(t.Context(), id, nil, nil)
		assert.NilError(t, err)
		if name == lead && pausedLead {
			assert.NilError(t, e.Pause(t.Context(), id))
		}
	}
}

// TestInstancesOfPools: what waits in a pool stays, whoever has filled it, as long as the pool is to be there. What was
// taken out goes with who has taken it, unless it outlives that one, and always when that one was killed on the way.
func TestInstancesOfPools(t *testing.T) {
	const ready, pooled = "m-web", "m-web-pooled"
	for _, c := range []struct {
		name           string
		filler, taker  owner.Owner
		marked, claim  bool
		lead           string
		paused, detach bool
		goes           bool
	}{
		{name: "waits", filler: dead(), marked: true, lead: pooled, paused: true},
		{name: "waits, and the pool is being filled", filler: living(), marked: true, lead: pooled, paused: true},
		{name: "its pool has ended", filler: dead(), lead: pooled, paused: true, goes: true},
		{name: "its pool has ended, and the filler sees to it", filler: living(), lead: pooled, paused: true},
		{name: "is starting", filler: living(), marked: true, lead: "m-web-starting"},
		{name: "the filler was killed", filler: dead(), marked: true, lead: "m-web-starting", paused: true, goes: true},
		{name: "is being taken", filler: dead(), taker: living(), marked: true, claim: true, lead: pooled, paused: true},
		{name: "the taker was killed at once", filler: dead(), taker: dead(), marked: true, claim: true, lead: pooled, paused: true, goes: true},
		{name: "the taker was killed before it ran", filler: dead(), taker: dead(), marked: true, claim: true, detach: true, lead: ready, paused: true, goes: true},
		{name: "runs for its taker", filler: dead(), taker: living(), marked: true, claim: true, lead: ready},
		{name: "its taker is gone", filler: dead(), taker: dead(), marked: true, claim: true, lead: ready, goes: true},
		{name: "its taker is gone, the filler is not", filler: living(), taker: dead(), marked: true, claim: true, lead: ready, goes: true},
		{name: "outlives its taker", filler: dead(), taker: dead(), marked: true, claim: true, detach: true, lead: ready},
		{name: "outlives its pool", filler: dead(), taker: dead(), claim: true, detach: true, lead: ready},
		{name: "its claim was removed by others", filler: dead(), marked: true, lead: ready},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			if c.marked {
				f.AddVolume("pool", map[string]string{label.Role: label.RolePool, label.Pool: "p"})
			}
			without := f.Objects()
			addMember(t, f, c.filler, c.lead, c.paused)
			if c.claim {
				claim := owned(c.taker, 0, label.Role+"="+label.RoleClaim, label.Instance+"=m")
				if c.detach {
					claim[label.Detached] = "true"
				}
				f.AddVolume(label.ClaimName("m"), claim)
			}
			with := f.Objects()
			left, err := prune.LeftOvers(t.Context(), f.Engine(t), owner.View{})
			assert.NilError(t, err)
			assert.Equal(t, len(left.Containers) > 0, c.goes)
			assert.DeepEqual(t, f.Objects(), with)
			sweep(t, f)
			if c.goes {
				assert.DeepEqual(t, f.Objects(), without)
			} else {
				assert.DeepEqual(t, f.Objects(), with)
			}
		})
	}
}

// TestSweepOfATakenInstanceThatIsCutShort: the engine has killed the containers, but not removed them. What is left does not pass
// for an instance that somebody has got and whose services have ended.
func TestSweepOfATakenInstanceThatIsCutShort(t *testing.T) {
	f := newFake(t)
	without := f.Objects()
	addMember(t, f, dead(), "m-web", true)
	claim := owned(dead(), 0, label.Role+"="+label.RoleClaim, label.Instance+"=m")
	claim[label.Detached] = "true"
	f.AddVolume(label.ClaimName("m"), claim)
	e := f.Engine(t)
	f.Before("DELETE", "/containers/.*", func(r *http.Request) {
		id := path.Base(r.URL.Path)
		_ = e.Unpause(t.Context(), id)
		_ = e.Signal(t.Context(), id, "KILL")
	})
	f.Fail("DELETE", "/containers/.*", http.StatusInternalServerError, "did not receive an exit event", 2)
	_, err := prune.Sweep(t.Context(), e, owner.View{})
	assert.ErrorContains(t, err, "did not receive an exit event")
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), without)
}
