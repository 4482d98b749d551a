package bmo

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// TestStopLeavesTheNextOneAlone: an instance that is gone before it is stopped, and one that has been started under its name
// since.
func TestStopLeavesTheNextOneAlone(t *testing.T) {
	d := newFixture(t)
	s := d.AddSnapshot("demo", "aa", 1)
	d.AddInstance(t, "shop", s, instancetest.Noon, owner.Current())
	e := d.Engine(t)
	var once atomic.Bool
	d.Before("GET", "/containers/json", func(r *http.Request) {
		if strings.Contains(r.URL.RawQuery, label.Instance) && !once.Swap(true) {
			assert.Check(t, instance.Remove(t.Context(), e, &Instance{Name: "shop"}, 0))
			d.AddInstance(t, "shop", s, instancetest.Noon.Add(time.Minute), owner.Current())
		}
	})
	assert.NilError(t, d.client(t).Stop(t.Context(), []string{"shop"}, StopOptions{}))
	assert.Assert(t, once.Load())
	list, err := instance.List(t.Context(), e)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
	assert.Equal(t, len(list[0].Services), len(s.Services))
}

// TestRemoveEndsTheRecord: also of an instance that this process has not started, such as one out of a pool. It kept the
// record's lock until its end.
func TestRemoveEndsTheRecord(t *testing.T) {
	f := newPoolFixture(t)
	f.up(t, 1)
	c := f.as(t)
	r, err := c.Run(t.Context(), f.stack, RunOptions{})
	assert.NilError(t, err)
	i := r.Instances[0]
	assert.Assert(t, i.Pool != "")
	assert.NilError(t, c.Remove(t.Context(), r.Instances, StopOptions{}))
	var got []string
	assert.NilError(t, c.Events(t.Context(), i.Record, EventOptions{}, func(e Event) { got = append(got, e.Type+" "+e.Action) }))
	for _, want := range []string{"container kill", "container die", "container destroy"} {
		assert.Assert(t, slices.Contains(got, want), "%q", got)
	}
	assert.Equal(t, got[len(got)-1], "record end")
}
