package main

import (
	"reflect"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestFlavorsOfEveryService: with either database, each service of a built-in stack runs with few resources in the
// flavor low and with more in the regular one, or is listed here with the reason why there is only one way to run it.
func TestFlavorsOfEveryService(t *testing.T) {
	alike := map[string]string{
		"bmo externalapi": "stands in for servers outside that BMO asks for a file now and then",
	}
	found := map[string]string{}
	for _, name := range bmo.Stacks() {
		for _, db := range bmo.Databases() {
			o := stackOptions{stacks: []string{name}, db: database(db)}
			st, err := o.load(t.Context())
			assert.NilError(t, err)
			for _, s := range st.Services {
				what := name + " " + s.Name
				if reflect.DeepEqual(s.With(stack.DefaultFlavor), s.With("regular")) {
					found[what] = alike[what]
				}
			}
		}
	}
	assert.DeepEqual(t, found, alike)
}
