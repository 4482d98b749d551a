package bmo

import (
	"errors"
	"testing"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
)

// errStopped is why a test ends a context.
var errStopped = errors.New("stopped")

// fixture is a fake engine.
type fixture struct{ *instancetest.Fake }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return &fixture{instancetest.New(t)}
}

// client returns a client of the engine.
func (d *fixture) client(t *testing.T, opts ...Option) *Client {
	t.Helper()
	return New(d.Client(t), opts...)
}
