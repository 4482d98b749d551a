package e2e

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

var engineErrors = []errorCase{
	{"No engine runs", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST=unix:///nowhere/docker.sock"}
		a.bmo("ps")
	}},
	{"Nobody listens at DOCKER_HOST", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST=tcp://127.0.0.1:1"}
		a.bmo("ps")
	}},
	{"DOCKER_HOST is no address", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST=http://127.0.0.1"}
		a.bmo("ps")
	}},
	{"No such docker context", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST="}
		a.cli.Docker = []string{"--context", "nope"}
		a.bmo("ps")
	}},
	{"No permission on the socket", func(a *attempt) {
		socket := harness.NewProxy(a.T, nil, nil).Host
		assert.NilError(a, os.Chmod(strings.TrimPrefix(socket, "unix://"), 0))
		a.mask(strings.TrimPrefix(socket, "unix://"), "/var/run/docker.sock")
		a.cli.Env = []string{"DOCKER_HOST=" + socket}
		a.cli.Put = withoutPrivileges
		a.bmo("ps")
	}},
	{"The engine is too old", func(a *attempt) {
		a.cli = old(a).CLI()
		a.cli.Env = []string{"DOCKER_CONTEXT=old", "DOCKER_HOST=", "DOCKER_CONFIG=" + contextConfig(a, "old", a.cli.Env[0])}
		a.bmo("ps")
	}},
	{"The engine wants TLS", func(a *attempt) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // of those that come without TLS
		server.StartTLS()
		a.Cleanup(server.Close)
		a.cli.Env = []string{"DOCKER_HOST=tcp://" + server.Listener.Addr().String()}
		a.bmo("ps")
	}},
	{"The engine speaks no TLS", func(a *attempt) {
		server := httptest.NewServer(http.NotFoundHandler())
		a.Cleanup(server.Close)
		a.cli.Env = []string{
			"DOCKER_HOST=tcp://" + server.Listener.Addr().String(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates(a),
		}
		a.bmo("ps")
	}},
	{"TLS without certificates", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST=tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"}
		a.bmo("ps")
	}},
	{"Nobody listens for ssh", func(a *attempt) {
		a.cli.Env = []string{"DOCKER_HOST=ssh://me@127.0.0.1:1"}
		a.bmo("ps")
	}},
	{"No engine at the end of ssh", func(a *attempt) {
		_, _, a.cli = overSSH(a.T)
		a.cli.Env = append(a.cli.Env, "DOCKER_HOST=ssh://"+harness.HostName+"/nowhere/docker.sock")
		a.bmo("ps")
		a.command = "DOCKER_HOST=ssh://" + harness.HostName + "/nowhere/docker.sock docker bmo ps"
	}},
	{"The engine's disk is full", func(a *attempt) {
		full := harness.NewProxy(a.T, nil, func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/commit") {
				return answer(r, http.StatusInternalServerError, map[string]string{"message": "write /var/lib/docker/x: no space left on device"})
			}
			return nil
		})
		a.cli.Env = []string{"DOCKER_HOST=" + full.Host}
		s := a.stack(nil)
		a.on(s, "build", "-q")
		a.command = "docker bmo build --stack app/compose.yaml -q"
		s.LeavesNothing(a.T)
	}},
}

// certificates is a folder with what TLS needs.
func certificates(a *attempt) (dir string) {
	dir = a.TempDir()
	a.mask(dir, "~/certs")
	ca := harness.NewAuthority(a.T)
	_, files := ca.Issue(a.T, x509.ExtKeyUsageClientAuth)
	files["ca.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	for name, text := range files {
		assert.NilError(a, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

// withoutPrivileges runs a command as its user, but without the rights that root has.
func withoutPrivileges(cmd *exec.Cmd) {
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}}
}

// old is an engine that says of itself that it is one of 2024.
func old(a *attempt) *harness.Proxy {
	return harness.NewProxy(a.T, nil, func(r *http.Response) error {
		r.Header.Set("Api-Version", "1.43")
		if !strings.HasSuffix(r.Request.URL.Path, "/version") {
			return nil
		}
		var v map[string]any
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			return err
		}
		v["Version"], v["ApiVersion"] = "24.0.9", "1.43"
		return answer(r, r.StatusCode, v)
	})
}

// answer puts another answer in the place of the engine's.
func answer(r *http.Response, status int, v any) error {
	b, err := json.Marshal(v)
	r.StatusCode, r.Body, r.ContentLength = status, io.NopCloser(bytes.NewReader(b)), int64(len(b))
	r.Header.Set("Content-Length", strconv.Itoa(len(b)))
	r.Header.Set("Content-Type", "application/json")
	return err
}

// contextConfig is a docker configuration with a context that leads to a host, given as DOCKER_HOST=ADDRESS.
func contextConfig(a *attempt, name, host string) string {
	config := filepath.Join(a.TempDir(), "config")
	assert.NilError(a, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	harness.Docker(a.T, "--config", config, "context", "create", name, "--docker", "host="+strings.TrimPrefix(host, "DOCKER_HOST="))
	return config
}
