package engine_test

import (
	"errors"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestBuildKitRefused: a proxy that lets no /grpc through is named, and so is what it has to let through.
func TestBuildKitRefused(t *testing.T) {
	f := enginetest.New(t)
	f.Fail("POST", "/grpc", http.StatusForbidden, "Forbidden", 1)
	_, err := f.Engine(t).BuildKit(t.Context())
	assert.ErrorContains(t, err, "answers a request for /grpc, by which BuildKit is reached, with status 403")
	var unusable *engine.UnusableError
	assert.Assert(t, errors.As(err, &unusable))
	assert.Assert(t, engine.IsFailure(err))
	assert.ErrorContains(t, errors.New(unusable.Hint()), "POST /grpc and /session")
}
