package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// DOCKER_HOST here, context there, an old engine: cryptic errors.
func TestNoEngine(t *testing.T) {
	t.Parallel()
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	c := harness.CLI{Env: []string{"DOCKER_HOST=" + nobody}}
	for _, args := range [][]string{
		{"ps"}, {"build", "--stack", "demo"}, {"run", "--stack", "demo", "--", "true"}, {"stop", "x"},
		{"snapshot", "ls"}, {"snapshot", "rm", "x"}, {"prune", "--force"}, {"version"},
	} {
		r := c.Run(t, args...).Fails(t, 125, nobody, "\nhint: ")
		assert.Assert(t, args[0] == "version" || r.Stdout == "", r.Stdout)
	}
}

// The engine is the one that docker itself would use.
func TestContextAndHost(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config")
	assert.NilError(t, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	one, two := harness.NewProxy(t, nil, nil), harness.NewProxy(t, nil, nil)
	env := []string{"DOCKER_HOST=", "DOCKER_CONFIG=" + config}
	harness.Docker(t, "--config", config, "context", "create", "one", "--docker", "host="+one.Host)

	asks := func(p *harness.Proxy, c harness.CLI) {
		t.Helper()
		one.Forget()
		two.Forget()
		c.Run(t, "ps").OK(t)
		for _, other := range []*harness.Proxy{one, two} {
			assert.Equal(t, len(other.Seen("/containers/json")) > 0, other == p)
		}
	}
	asks(one, harness.CLI{Env: append(env, "DOCKER_CONTEXT=one")})
	asks(one, harness.CLI{Env: env, Docker: []string{"--context", "one"}})
	asks(two, harness.CLI{Env: env, Docker: []string{"--host", two.Host}})
	harness.Docker(t, "--config", config, "--host", "", "context", "use", "one")
	asks(one, harness.CLI{Env: env})
	asks(two, harness.CLI{Env: append(env, "DOCKER_HOST="+two.Host)})
}

// An engine that is too old is named, with what it needs.
func TestOldEngine(t *testing.T) {
	t.Parallel()
	old := harness.NewProxy(t, nil, func(r *http.Response) error {
		r.Header.Set("Api-Version", "1.43")
		if !strings.HasSuffix(r.Request.URL.Path, "/version") {
			return nil
		}
		var v map[string]any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			return err
		}
		v["Version"], v["ApiVersion"] = "24.0.9", "1.43"
		b, err := json.Marshal(v)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return err
	})
	for _, args := range [][]string{{"build", "--stack", "demo"}, {"run", "--stack", "demo", "-d"}, {"ps"}} {
		r := old.CLI().Run(t, args...)
		assert.Assert(t, r.Code != 0)
		for _, w := range []string{"24.0.9", "1.43", "too old", "25.0", "1.44", "\nhint: "} {
			assert.Assert(t, strings.Contains(r.Stderr, w), "no %q in:\n%s", w, r.Stderr)
		}
	}
}
