package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// failing makes a case of a build whose Dockerfile goes wrong.
func failing(name, dockerfile string) errorCase {
	return errorCase{name, func(a *attempt) { a.on(a.dockerfile(dockerfile), "build", "-q") }}
}

// refused makes a case of a base image from a registry that answers everything with a status.
func refused(name string, status int) errorCase {
	return errorCase{name, func(a *attempt) { a.on(a.dockerfile("FROM "+registry(a, status)+"/base:1"), "build", "-q") }}
}

// registry is one that answers everything with a status. Its address is one that the engine takes for insecure, and so
// asks over plain HTTP.
func registry(a *attempt, status int) (address string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
		}
		w.WriteHeader(status)
	}))
	a.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

var imageErrors = []errorCase{
	failing("A Dockerfile with a misspelt instruction", "WORKDRI /srv"),
	failing("A file that is not in the build context", "COPY nowhere /srv/"),
	failing("A file that is not in a named context", "COPY --from=shared nowhere /srv/"),
	failing("An instruction that fails", "RUN echo 'making all'; echo 'no rule to make it'; exit 2"),
	failing("A program that the image lacks", "RUN make all"),
	failing("No network for the first build", "RUN rm -rf /etc/apt/sources.list*; echo 'deb http://127.0.0.1:1/debian trixie main' >/etc/apt/sources.list; "+
		"apt-get update -qq --error-on=any -o Acquire::Retries=0"),
	failing("No space in the build", "RUN --mount=type=tmpfs,target=/mnt,size=4096 head -c 100000 /dev/zero >/mnt/file"),
	refused("A base image that its registry does not have", http.StatusNotFound),
	refused("A registry that wants a login", http.StatusUnauthorized),
	refused("A registry that refuses", http.StatusForbidden),
	refused("A registry that has had enough", http.StatusTooManyRequests),
	refused("A registry in trouble", http.StatusInternalServerError),
	{"A registry where nobody listens", func(a *attempt) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		assert.NilError(a, err)
		l.Close()
		a.on(a.dockerfile("FROM "+l.Addr().String()+"/base:1"), "build", "-q")
	}},
	{"A credential helper that is not installed", func(a *attempt) {
		config := filepath.Join(a.TempDir(), "config")
		plugins := `{"cliPluginsExtraDirs": ["` + filepath.Join(harness.Suite.Dir, "plugins") + `"], "credsStore": "nowhere"}`
		assert.NilError(a, os.MkdirAll(config, 0o700))
		assert.NilError(a, os.WriteFile(filepath.Join(config, "config.json"), []byte(plugins), 0o600))
		a.cli.Env = []string{"DOCKER_CONFIG=" + config}
		s := a.dockerfile("FROM " + registry(a, http.StatusUnauthorized) + "/base:1")
		a.on(s, "build", "-q")
	}},
}
