package bmo

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestSweepMeanwhile: the snapshot is looked up while what earlier commands have left is removed, and nothing is made
// before that is gone.
func TestSweepMeanwhile(t *testing.T) {
	f := newPoolFixture(t)
	gone := owner.Current()
	gone.Start = "0"
	left := bootstrap.Name("left")
	_, err := f.AddNetwork(left, map[string]string{label.Role: label.RoleBootstrap, label.Owner: gone.String()})
	assert.NilError(t, err)

	lookedUp := make(chan struct{}, 10)
	f.Before("GET", "/images/json", func(r *http.Request) {
		if strings.Contains(r.URL.Query().Get("filters"), label.Inputs) {
			lookedUp <- struct{}{}
		}
	})
	f.Before("DELETE", "/networks/.*", func(*http.Request) {
		select {
		case <-lookedUp:
		case <-time.After(10 * time.Second):
			t.Error("the snapshot is not looked up before all is removed")
		}
	})
	var made atomic.Int32
	f.Before("POST", "/(networks|containers|volumes)/create", func(*http.Request) {
		made.Add(1)
		assert.Check(t, !slices.ContainsFunc(f.Objects(), func(o string) bool { return strings.Contains(o, left) }))
	})
	_, err = f.as(t).Run(t.Context(), f.stack, RunOptions{Detach: true})
	assert.NilError(t, err)
	assert.Assert(t, made.Load() > 0)
}
