package main

import (
	"net/http"
	"testing"

	"gotest.tools/v3/assert"
)

func TestStopStates(t *testing.T) {
	x := threeInstances(t)
	var timeouts []string
	x.Before("POST", "/containers/[^/]+/stop", func(r *http.Request) { timeouts = append(timeouts, r.URL.Query().Get("t")) })
	assert.Equal(t, x.run("stop", "-t", "3", "one"), 0)
	assert.Equal(t, x.out, "one\n")
	assert.DeepEqual(t, timeouts, []string{"3", "3"})

	assert.Equal(t, x.run("stop", "-t", "-1", "two"), 1)
	assert.Equal(t, x.run("stop", "none", "two", "never"), 1)
	x.golden("stop-missing")
	assert.Equal(t, len(timeouts), 2, "without --timeout they are killed")
	assert.Equal(t, x.run("stop", "--all"), 0)
	assert.Equal(t, x.out, "three\n")
	assert.Equal(t, x.run("ps", "-aq"), 0)
	assert.Equal(t, x.out, "")
	assert.Equal(t, x.run("stop", "-a"), 0, "nothing to stop is no mistake")
}
