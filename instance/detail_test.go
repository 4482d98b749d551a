package instance

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestFindAsksForOneInstance: the engine is asked by label, twice, however many instances there are.
func TestFindAsksForOneInstance(t *testing.T) {
	f := newFixture(t)
	one, two := f.start(t), f.start(t)
	for _, i := range []*Instance{one, two} {
		before := f.Count("GET", "/networks") + f.Count("GET", "/containers/json")
		got, err := Find(t.Context(), f.req.Engine, i.Name)
		assert.NilError(t, err)
		assert.Equal(t, got.Name, i.Name)
		assert.DeepEqual(t, got.Services, i.Services)
		assert.Equal(t, f.Count("GET", "/networks")+f.Count("GET", "/containers/json"), before+2)
	}
	before := f.Count("GET", ".*")
	d, err := Inspect(t.Context(), f.req.Engine, two.Name)
	assert.NilError(t, err)
	assert.Equal(t, d.Services["db"].ContainerID, two.Services["db"])
	assert.Equal(t, f.Count("GET", ".*"), before+2)
	for _, name := range []string{"", "three", one.Name[:3]} {
		_, err = Find(t.Context(), f.req.Engine, name)
		assert.Error(t, err, "no such instance: "+name)
	}
}
