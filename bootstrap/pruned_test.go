package bootstrap

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// TestR10PruneDuringTheBootstrap: `docker container prune` takes what has been stopped and not been committed yet, and
// `docker network prune` a network on which nothing runs. That is one clear error, with a hint, and nothing is left.
func TestR10PruneDuringTheBootstrap(t *testing.T) {
	for name, request := range map[string]string{"container": "/commit", "network": "/containers/.*/start"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			prune := f.EngineAs(t, "prune")
			f.Before("POST", request, func(r *http.Request) {
				if name == "network" {
					_ = prune.RemoveNetwork(t.Context(), Name(f.req.Snapshot.Key))
					return
				}
				assert.Check(t, prune.RemoveContainer(t.Context(), r.URL.Query().Get("container")))
			})
			_, err := Run(t.Context(), f.req)
			var removed *engine.RemovedError
			assert.Assert(t, errors.As(err, &removed), "%v", err)
			assert.Assert(t, engine.IsFailure(err) == false)
			assert.Assert(t, slices.ContainsFunc(hint.All(err), func(h string) bool { return strings.Contains(h, "docker container prune") }))
			for _, o := range f.Objects() {
				assert.Assert(t, !strings.Contains(o, "bootstrap"), o)
			}
		})
	}
}
