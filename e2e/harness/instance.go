package harness

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Instance is what `run --format json` prints.
type Instance struct {
	Name, URL, Key, Stack string
	Services, Env         map[string]string
}

// Run starts an instance that is removed when the test ends.
func (a *App) Run(t testing.TB, more ...string) *Instance {
	t.Helper()
	return ParseInstance(t, a.Do(t, "run", append([]string{"--detach", "--format", "json"}, more...)...).OK(t))
}

// ParseInstance reads what `run --format json` printed. The instance is removed when the test ends.
func ParseInstance(t testing.TB, r Result) *Instance {
	t.Helper()
	i := &Instance{}
	assert.NilError(t, json.Unmarshal([]byte(r.Stdout), i), "%s", r.Stdout)
	t.Cleanup(func() { i.Remove(t) })
	return i
}

// Remove removes the instance without waiting for its services; one that is gone is fine.
func (i *Instance) Remove(t testing.TB) {
	t.Helper()
	if out := Docker(t, "network", "ls", "--quiet", "--filter", "label=docker-bmo.instance="+i.Name); out != "" {
		BMO(t, "stop", "--timeout", "0", i.Name).OK(t)
	}
}

// Started is one line of `run --format json`.
type Started struct {
	Instance
	Flavor string
	Ports  map[string]map[string]string
}

// Runs starts instances that are removed when the test ends.
func (a *App) Runs(t testing.TB, more ...string) (list []Started) {
	t.Helper()
	r := a.Do(t, "run", append([]string{"--detach", "--format", "json"}, more...)...).OK(t)
	for _, l := range Lines(r.Stdout) {
		var s Started
		assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
		t.Cleanup(func() { s.Remove(t) })
		list = append(list, s)
	}
	// Each is printed when it is ready.
	slices.SortFunc(list, func(a, b Started) int { return cmp.Or(len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name)) })
	return list
}

// Removed fails the test when anything is left of an instance.
func Removed(t testing.TB, name string) {
	t.Helper()
	assert.Assert(t, name != "")
	left, err := Observe("docker-bmo.instance=" + name)
	assert.NilError(t, err)
	assert.Equal(t, strings.Join(left, "\n"), "")
}
