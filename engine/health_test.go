package engine

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestRoom(t *testing.T) {
	assert.Equal(t, room(nil), 31)
	assert.Equal(t, room([]pool{{"10.103.0.0/16", 24}}), 256)
	assert.Equal(t, room([]pool{{"10.0.0.0/8", 26}, {"192.168.0.0/24", 24}}), 1<<18+1)
	assert.Equal(t, room([]pool{{"fd00::/8", 64}, {"nonsense", 24}, {"10.0.0.0/24", 16}, {"10.0.0.0/24", 64}}), 0)
}
