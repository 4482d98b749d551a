package stack

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestServiceNames(t *testing.T) {
	s := &Stack{Services: []Service{{Name: "web"}, {Name: "db"}, {Name: "cache"}}}
	assert.DeepEqual(t, s.ServiceNames(), []string{"cache", "db", "web"})
	assert.Equal(t, s.Services[0].Name, "web", "the start order stays")
	assert.DeepEqual(t, (&Stack{}).ServiceNames(), []string{})
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name   string
		needs  map[string][]string
		sorted []string
		cycle  []string
	}{
		{name: "nothing"},
		{name: "by name", needs: map[string][]string{"b": nil, "a": nil, "c": nil}, sorted: []string{"a", "b", "c"}},
		{
			name:   "after what it needs",
			needs:  map[string][]string{"app": {"web", "db"}, "web": {"db"}, "db": nil, "zoo": nil},
			sorted: []string{"db", "web", "app", "zoo"},
		},
		{
			name:   "by name where nothing else decides",
			needs:  map[string][]string{"c": {"z"}, "z": nil, "d": nil},
			sorted: []string{"d", "z", "c"},
		},
		{name: "unknown needs", needs: map[string][]string{"a": {"nowhere"}}, sorted: []string{"a"}},
		{name: "itself", needs: map[string][]string{"a": {"a"}}, cycle: []string{"a", "a"}},
		{
			name:  "a cycle that does not include the first",
			needs: map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}},
			cycle: []string{"b", "c", "d", "b"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			sorted, cycle := order(c.needs)
			assert.DeepEqual(t, sorted, c.sorted)
			assert.DeepEqual(t, cycle, c.cycle)
		})
	}
}
