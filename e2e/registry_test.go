package e2e

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	inmemory "github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// localRegistry returns the address of a registry on this machine that the engine reaches, too: the one of our set-up, if
// the engine was set up with it, else one of the test's own.
func localRegistry(t *testing.T) string {
	t.Helper()
	var mirrors []string
	assert.NilError(t, json.Unmarshal([]byte(harness.Docker(t, "info", "--format", "{{json .RegistryConfig.Mirrors}}")), &mirrors))
	for _, m := range mirrors {
		if address, ok := strings.CutPrefix(strings.TrimSuffix(m, "/"), "http://127.0.0.1:"); ok {
			return "127.0.0.1:" + address
		}
	}
	srv := httptest.NewServer(inmemory.New(inmemory.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

// Every machine of a team bootstrapped for itself.
func TestRegistry(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "registry", harness.Edits{"services.web.environment.MINI_PASSWORD": "not-to-be-read"})
	repository := localRegistry(t) + "/" + a.Name
	key := a.Build(t, "--push", "--repository", repository)
	said := a.Do(t, "push", repository).OK(t)
	assert.Assert(t, strings.Contains(said.Stderr, " already in "), said.Stderr)
	full := strings.TrimPrefix(said.Text(), repository+":")
	assert.Assert(t, strings.HasPrefix(full, key), said.Text())
	before := harness.Docker(t, "image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "label=docker-bmo.stack="+a.Name)
	assert.Assert(t, !strings.Contains(before, repository), before)

	harness.BMO(t, "snapshot", "rm", key).OK(t)
	started := a.Do(t, "run", "--progress", "plain", "--repository", repository, "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`).OK(t)
	assert.Assert(t, strings.HasPrefix(started.Stdout, "hello"), started.Stdout)
	assert.Assert(t, strings.Contains(started.Stderr, "pull snapshot "+key) && !strings.Contains(started.Stderr, "bootstrap"), started.Stderr)
	after := harness.Docker(t, "image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "label=docker-bmo.stack="+a.Name)
	assert.Equal(t, after, before)
	id := a.Image(t, key, "web")
	all := harness.Docker(t, "image", "inspect", id) + harness.Docker(t, "history", "--no-trunc", id)
	assert.Assert(t, !strings.Contains(all, "docker-bmo.start") && !strings.Contains(all, "docker-bmo.owner"), all)

	listed := harness.BMO(t, "snapshot", "ls", "--no-trunc", "--format", "{{.Key}} {{.Stack}}", "--repository", repository).OK(t)
	assert.Equal(t, listed.Text(), full+" "+a.Name)
	harness.BMO(t, "pull", repository+":"+key).OK(t)
}

// Several machines that began from nothing each bootstrapped, although the first had pushed while the others were still at
// their images.
func TestRegistryAskedAgain(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "asked-again", nil)
	registry := localRegistry(t)
	key := a.Build(t, "--push", "--repository", registry+"/"+a.Name)
	harness.BMO(t, "snapshot", "rm", key).OK(t)

	way := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/inputs-") && asked.Add(1) == 1 {
			http.NotFound(w, r) // it is not there yet
			return
		}
		way.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	repository := strings.TrimPrefix(srv.URL, "http://") + "/" + a.Name
	said := a.Do(t, "build", "--progress", "plain", "--repository", repository).OK(t)
	assert.Equal(t, said.Text(), key)
	assert.Assert(t, strings.Contains(said.Stderr, "pull snapshot "+key) && !strings.Contains(said.Stderr, "bootstrap"), said.Stderr)
	assert.Assert(t, asked.Load() > 1)
}
