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
// `docker network prune` a network on which nothing runs, `docker image prune --all` images that nothing runs from yet, `docker
// volume prune --all` volumes that no container has, for which the engine makes empty ones. That is one
// clear error, with a hint, and nothing is left.
func TestR10PruneDuringTheBootstrap(t *testing.T) {
	for name, c := range map[string]struct {
		before, hint string
		prune        func(t *testing.T, f *fixture, prune *engine.Engine, r *http.Request)
	}{
		"container": {"/commit", "docker container prune", func(t *testing.T, _ *fixture, prune *engine.Engine, r *http.Request) {
			assert.Check(t, prune.RemoveContainer(t.Context(), r.URL.Query().Get("container")))
		}},
		"network": {"/containers/.*/start", "docker container prune", func(t *testing.T, f *fixture, prune *engine.Engine, _ *http.Request) {
			_ = prune.RemoveNetwork(t.Context(), Name(f.req.Snapshot.Key))
		}},
		"image": {"/containers/create", "docker image prune --all", func(t *testing.T, f *fixture, prune *engine.Engine, _ *http.Request) {
			_, _, _ = prune.RemoveImage(t.Context(), f.req.Built["web"])
		}},
		"volume": {"/containers/create", "volume prune --all", func(t *testing.T, f *fixture, prune *engine.Engine, _ *http.Request) {
			_ = prune.RemoveVolume(t.Context(), Name(f.req.Snapshot.Key)+"-volume-uploads") // unless it is in use
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if name == "volume" {
				f.share()
			}
			prune := f.EngineAs(t, "prune")
			f.Before("POST", c.before, func(r *http.Request) { c.prune(t, f, prune, r) })
			_, err := Run(t.Context(), f.req)
			var removed *engine.RemovedError
			assert.Assert(t, errors.As(err, &removed), "%v", err)
			assert.Assert(t, engine.IsFailure(err) == false)
			assert.Assert(t, slices.ContainsFunc(hint.All(err), func(h string) bool { return strings.Contains(h, c.hint) }))
			for _, o := range f.Objects() {
				assert.Assert(t, !strings.Contains(o, "bootstrap"), o)
			}
		})
	}
}
