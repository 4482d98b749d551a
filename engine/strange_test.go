package engine_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// TestWebPageIsNoAnswer: whichever request is answered with a web page, the error says so in words for a user, and is the
// engine's failure.
func TestWebPageIsNoAnswer(t *testing.T) {
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "<html><body>It works!</body></html>\n")
			}))
			defer s.Close()
			api, err := client.NewClientWithOpts(client.WithHost("tcp://"+s.Listener.Addr().String()), client.WithVersion("1.51"))
			assert.NilError(t, err)
			defer api.Close()
			err = request(t.Context(), engine.New(api))
			if name == "save" {
				assert.NilError(t, err, "who reads the tar finds that it is none")
				return
			}
			if name == "start" && err == nil {
				return // the answer to the wait, which goes before, had not come yet
			}
			if name == "remove" || name == "stop" || name == "copy" {
				assert.NilError(t, err, "the status alone is the answer")
				return
			}
			assert.Assert(t, engine.IsFailure(err), "%v", err)
			assert.Assert(t, len(hint.All(err)) > 0, "%v", err)
			assert.Assert(t, !strings.Contains(err.Error(), "invalid character"), "%v", err)
			var final interface{ Final() bool }
			assert.Assert(t, name == "connect" || errors.As(err, &final) && final.Final(), "%v", err)
		})
	}
}

// TestOldLanguage: when the answer to a ping is not the engine's, its client takes it for a very old one, and asks for what
// that would understand.
func TestOldLanguage(t *testing.T) {
	api, err := client.NewClientWithOpts(client.WithHost(enginetest.New(t).Host()), client.WithVersion("1.24"))
	assert.NilError(t, err)
	defer api.Close()
	_, err = engine.New(api).Connect(t.Context())
	assert.ErrorContains(t, err, "is spoken to in version 1.24 of its API")
	assert.Assert(t, engine.IsFailure(err))
	assert.ErrorContains(t, errors.New(hint.All(err)[0]), "DOCKER_API_VERSION")
}
