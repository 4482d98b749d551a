package bmo

import (
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
