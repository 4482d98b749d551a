package engine_test

import (
	"errors"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
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

// TestSessionRefused: BuildKit's client knows of a session that could not be opened only a text.
func TestSessionRefused(t *testing.T) {
	for text, want := range map[string]string{
		"unix:///run/x.sock answers a request for /session, by which BuildKit is reached, with status 500": "with status 500",
		"what answers at unix:///run/x.sock is not a docker engine, or not always: open /session":          "is not a docker engine",
	} {
		err := engine.Lost(errors.New("image of web: failed to dial gRPC: " + text))
		assert.ErrorContains(t, err, want)
		assert.Assert(t, engine.IsFailure(err), "%v", err)
		assert.Assert(t, len(hint.All(err)) > 0, "%v", err)
	}
}
