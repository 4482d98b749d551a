package instance

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// TestAgain: an instance that is started like another one has the same address, environment and flavor, also when that has
// ended.
func TestAgain(t *testing.T) {
	f := newFixture(t)
	f.req.Environment = map[string]string{"MODE": "a=b", "NAME": "the user's"}
	f.req.Publish = []Publish{{Service: "db", Port: 3306}}
	f.req.Flavor, f.req.Detach = "regular", true
	first := f.start(t)
	was, _ := f.Container(first.Services["web"])
	for _, id := range first.Services {
		assert.NilError(t, f.req.Engine.StopContainer(t.Context(), id, 0))
	}
	found, err := Find(t.Context(), f.req.Engine, first.Name)
	assert.NilError(t, err)
	r, err := Request{Engine: f.req.Engine, Stack: f.req.Stack, Snapshot: f.req.Snapshot, Owner: f.req.Owner, Journal: f.req.Journal}.Again(t.Context(), found)
	assert.NilError(t, err)
	assert.NilError(t, Remove(t.Context(), r.Engine, first, 0))
	again, err := Start(t.Context(), r)
	assert.NilError(t, err)
	assert.Equal(t, again.Name, first.Name)
	assert.Equal(t, again.URL, first.URL)
	assert.Equal(t, again.Flavor, first.Flavor)
	assert.DeepEqual(t, again.Ports, first.Ports)
	is, _ := f.Container(again.Services["web"])
	assert.DeepEqual(t, is.Config.Env, was.Config.Env)
	assert.Assert(t, slices.Contains(is.Config.Env, "NAME=the user's"))
}

// TestRemovalLeavesTheNextOneAlone: who removed an instance that was gone by then removed the one that had been started
// under its name since.
func TestRemovalLeavesTheNextOneAlone(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "shop"
	first := f.start(t)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, first, 0))
	second := f.start(t)
	before := f.Objects()
	assert.NilError(t, Remove(t.Context(), f.req.Engine, first, 0))
	assert.DeepEqual(t, f.Objects(), before)
	found, err := Find(t.Context(), f.req.Engine, "shop")
	assert.NilError(t, err)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, found, 0))
	assert.Assert(t, len(f.Objects()) < len(before))
	assert.Assert(t, !second.Created.Equal(first.Created))
}

// TestFailedStartLeavesTheNextOneAlone: a start that fails because its instance was removed meanwhile took with it the one that
// had been started under its name since.
func TestFailedStartLeavesTheNextOneAlone(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "shop"
	next := f.req
	var once atomic.Bool
	var second *Instance
	f.After("POST", "/containers/[^/]+/start", func(*http.Request) {
		if once.Swap(true) {
			return
		}
		for starting := label.StartingName("docker-bmo-shop-web"); !slices.ContainsFunc(f.Objects(), func(o string) bool {
			return strings.Contains(o, starting) // it is made at the same time, and would be in the way of the next one
		}); time.Sleep(time.Millisecond) {
			assert.Assert(t, t.Context().Err() == nil)
		}
		assert.Check(t, Remove(t.Context(), f.req.Engine, &Instance{Name: "shop"}, 0))
		var err error
		second, err = Start(t.Context(), next)
		assert.Check(t, err)
	})
	_, err := Start(t.Context(), f.req)
	assert.Assert(t, err != nil)
	for service, id := range second.Services {
		_, there := f.Container(id)
		assert.Assert(t, there, service)
	}
}

// TestStartAfterOneThatGoes: another start under that name that was ended meanwhile may make a container, or use a volume, a
// moment longer than the name is reserved.
func TestStartAfterOneThatGoes(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "shop"
	e := f.Engine(t)
	id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: label.StartingName("docker-bmo-shop-web"), Image: f.req.Snapshot.Images["web"].ID})
	assert.NilError(t, err)
	time.AfterFunc(50*time.Millisecond, func() { assert.Check(t, e.RemoveContainer(context.Background(), id)) })
	i, err := Start(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Equal(t, i.Name, "shop")
}
