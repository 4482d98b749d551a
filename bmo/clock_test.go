package bmo

import (
	"maps"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestClockThatJumps: a clock of this machine that is days ahead of the engine's, or behind it, makes nobody's work old.
func TestClockThatJumps(t *testing.T) {
	for name, off := range map[string]time.Duration{"right": 0, "ahead": 3 * owner.Foreign, "behind": -3 * owner.Foreign} {
		t.Run(name, func(t *testing.T) {
			d := newFixture(t)
			engineNow := func() time.Time { return time.Now().Add(-off) }
			d.SetNow(engineNow)
			foreign := owner.Owner{Host: "elsewhere", Machine: "m", Boot: "b", PID: 1, Start: "1"}
			for name, age := range map[string]time.Duration{"young": time.Hour, "old": owner.Foreign + time.Hour} {
				_, err := d.AddNetwork(name, map[string]string{
					label.Owner: foreign.String(), label.Created: engineNow().Add(-age).Format(time.RFC3339Nano),
				})
				assert.NilError(t, err)
			}
			r, err := d.client(t).Sweep(t.Context())
			assert.NilError(t, err)
			assert.DeepEqual(t, r.Networks, []string{"old"})
		})
	}
}

// TestClockThatIsBehind: a client whose clock is days behind the engine's makes nothing that others take for old.
func TestClockThatIsBehind(t *testing.T) {
	f := newPoolFixture(t)
	engineNow := func() time.Time { return time.Now().Add(3 * owner.Foreign) }
	f.SetNow(engineNow)
	assertNew := func(what string, labels map[string]string) {
		t.Helper()
		labels = maps.Clone(labels)
		labels[label.Owner] = owner.Owner{Host: "elsewhere", Machine: "m", Boot: "b", PID: 1, Start: "1"}.String()
		assert.Check(t, labels[label.Created] != "" && !owner.View{Now: engineNow}.Orphaned(t.Context(), labels), "%s: %s", what, labels[label.Created])
	}
	p := f.up(t, 1)
	assertNew("the mark of a pool", f.VolumeLabels(poolVolume(p.ID, 1)))
	i, _ := f.run(t, RunOptions{Detach: true})
	assert.Equal(t, i.Pool, p.ID)
	assertNew("the claim of an instance", f.VolumeLabels(label.ClaimName(i.Name)))

	c := f.as(t)
	_, err := c.Connect(t.Context())
	assert.NilError(t, err)
	s := f.AddSnapshot("demo", "f", 1)
	assert.NilError(t, c.alone(t.Context(), s, func() error {
		locks, err := f.Engine(t).Networks(t.Context(), label.Role+"="+label.RoleBootstrap)
		assert.Check(t, err)
		for _, l := range locks {
			assertNew("the lock of a pull", l.Labels)
		}
		return err
	}))
	assertNew("a committed snapshot", map[string]string{label.Created: c.committed(s, "").Created.Format(time.RFC3339Nano)})
}
