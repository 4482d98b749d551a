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
)

// DOCKER_HOST here, context there, an old engine: cryptic errors.
func TestStory16NoEngine(t *testing.T) {
	t.Parallel()
	nobody := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	c := cli{env: []string{"DOCKER_HOST=" + nobody}}
	for _, args := range [][]string{
		{"ps"}, {"build", "--stack", "demo"}, {"run", "--stack", "demo", "--", "true"}, {"stop", "x"},
		{"snapshot", "ls"}, {"snapshot", "rm", "x"}, {"prune", "--force"}, {"version"},
	} {
		r := c.run(t, args...).fails(t, 125, nobody, "\nhint: ")
		assert.Assert(t, args[0] == "version" || r.stdout == "", r.stdout)
	}
}

// The engine is the one that docker itself would use.
func TestStory16ContextAndHost(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config")
	assert.NilError(t, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	one, two := newProxy(t, nil, nil), newProxy(t, nil, nil)
	env := []string{"DOCKER_HOST=", "DOCKER_CONFIG=" + config}
	docker(t, "--config", config, "context", "create", "one", "--docker", "host="+one.host)

	asks := func(p *proxy, c cli) {
		t.Helper()
		one.forget()
		two.forget()
		c.run(t, "ps").ok(t)
		for _, other := range []*proxy{one, two} {
			assert.Equal(t, len(other.seen("/containers/json")) > 0, other == p)
		}
	}
	asks(one, cli{env: append(env, "DOCKER_CONTEXT=one")})
	asks(one, cli{env: env, docker: []string{"--context", "one"}})
	asks(two, cli{env: env, docker: []string{"--host", two.host}})
	docker(t, "--config", config, "--host", "", "context", "use", "one")
	asks(one, cli{env: env})
	asks(two, cli{env: append(env, "DOCKER_HOST="+two.host)})
}

// An engine that is too old is named, with what it needs.
func TestStory16OldEngine(t *testing.T) {
	t.Parallel()
	old := newProxy(t, nil, func(r *http.Response) error {
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
		r := old.cli().run(t, args...)
		assert.Assert(t, r.code != 0)
		for _, w := range []string{"24.0.9", "1.43", "too old", "25.0", "1.44", "\nhint: "} {
			assert.Assert(t, strings.Contains(r.stderr, w), "no %q in:\n%s", w, r.stderr)
		}
	}
}
