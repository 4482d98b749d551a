package launch

import (
	"errors"
	"fmt"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

// TestRemoved: what a program has printed is nothing that the engine says.
func TestRemoved(t *testing.T) {
	const printed = "network shop not found"
	exit := &ExitError{Code: 1}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{errors.New("create container x: network 01 not found"), true},
		{fmt.Errorf("step 1: %w", &ServiceError{Service: "web", Err: errors.New("start: network 01 not found")}), true},
		{&ServiceError{Service: "web", Err: exit, Output: []string{printed}}, false},
		{fmt.Errorf("step 1: %w", &StepError{Code: 1, Output: []string{printed}}), false},
		{exit, false},
		{nil, false},
	} {
		got := Removed(c.err)
		assert.Equal(t, errors.As(got, new(*engine.RemovedError)), c.want, "%v", c.err)
		assert.ErrorIs(t, got, c.err)
	}
}
