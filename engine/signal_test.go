package engine_test

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

func TestSignalNumber(t *testing.T) {
	for name, want := range map[string]int{
		"SIGTERM": 15, "TERM": 15, "term": 15, "3": 3, "SIGRTMIN+3": 37, "RTMAX-1": 63, "SIGWINCH": 28, "NONE": 0, "TERM+x": 0,
	} {
		assert.Equal(t, engine.SignalNumber(name), want, name)
	}
}
