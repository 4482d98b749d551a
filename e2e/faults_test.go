package e2e

import (
	"testing"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
	"github.com/docker-bmo/docker-bmo/e2e/torture"
)

// A fault at a request to the engine, whichever it is, ended in raw text, or left something behind. All requests are
// the matter of `make torture`.
func TestFaultsAtRequests(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	torture.Sample(t)
}
