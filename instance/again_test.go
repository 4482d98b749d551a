package instance

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
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
	assert.NilError(t, Remove(t.Context(), r.Engine, first.Name, 0))
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
