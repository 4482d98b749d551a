package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// The engine is the one that docker itself would use.
func TestContextAndHost(t *testing.T) {
	harness.OnOneEngine(t)
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
