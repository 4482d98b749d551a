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

var engineMistakes = []mistake{
	{"No engine runs", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST=unix:///nowhere/docker.sock"}
		m.bmo("ps")
	}},
	{"Nobody listens at DOCKER_HOST", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST=tcp://127.0.0.1:1"}
		m.bmo("ps")
	}},
	{"DOCKER_HOST is no address", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST=http://127.0.0.1"}
		m.bmo("ps")
	}},
	{"No such docker context", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST="}
		m.cli.Docker = []string{"--context", "nope"}
		m.bmo("ps")
	}},
	{"No permission on the socket", func(m *try) {
		socket := harness.NewProxy(m.T, nil, nil).Host
		assert.NilError(m, os.Chmod(strings.TrimPrefix(socket, "unix://"), 0))
		m.masks = append(m.masks, strings.TrimPrefix(socket, "unix://"), "/var/run/docker.sock")
		m.cli.Env = []string{"DOCKER_HOST=" + socket}
		m.cli.Put = withoutPrivileges
		m.bmo("ps")
	}},
	{"The engine is too old", func(m *try) {
		m.cli = old(m).CLI()
		m.cli.Env = []string{"DOCKER_CONTEXT=old", "DOCKER_HOST=", "DOCKER_CONFIG=" + contextConfig(m, "old", m.cli.Env[0])}
		m.bmo("ps")
	}},
	{"The engine wants TLS", func(m *try) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // of those that come without TLS
		server.StartTLS()
		m.Cleanup(server.Close)
		m.cli.Env = []string{"DOCKER_HOST=tcp://" + server.Listener.Addr().String()}
		m.bmo("ps")
	}},
	{"The engine speaks no TLS", func(m *try) {
		server := httptest.NewServer(http.NotFoundHandler())
		m.Cleanup(server.Close)
		m.cli.Env = []string{
			"DOCKER_HOST=tcp://" + server.Listener.Addr().String(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates(m),
		}
		m.bmo("ps")
	}},
	{"TLS without certificates", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST=tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"}
		m.bmo("ps")
	}},
	{"Nobody listens for ssh", func(m *try) {
		m.cli.Env = []string{"DOCKER_HOST=ssh://me@127.0.0.1:1"}
		m.bmo("ps")
	}},
	{"No engine at the end of ssh", func(m *try) {
		_, _, m.cli = overSSH(m.T)
		m.cli.Env = append(m.cli.Env, "DOCKER_HOST=ssh://"+harness.HostName+"/nowhere/docker.sock")
		m.bmo("ps")
		m.shown = "DOCKER_HOST=ssh://" + harness.HostName + "/nowhere/docker.sock docker bmo ps"
	}},
	{"The engine's disk is full", func(m *try) {
		full := harness.NewProxy(m.T, nil, func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/commit") {
				return answer(r, http.StatusInternalServerError, map[string]string{"message": "write /var/lib/docker/x: no space left on device"})
			}
			return nil
		})
		m.cli.Env = []string{"DOCKER_HOST=" + full.Host}
		a := m.stack(nil)
		m.on(a, "build", "-q")
		m.shown = "docker bmo build --stack app/compose.yaml -q"
		a.LeavesNothing(m.T)
	}},
}

// certificates is a folder with what TLS needs.
func certificates(m *try) (dir string) {
	dir = m.TempDir()
	m.masks = append(m.masks, dir, "~/certs")
	ca := harness.NewAuthority(m.T)
	_, files := ca.Issue(m.T, x509.ExtKeyUsageClientAuth)
	files["ca.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Cert.Raw})
	for name, text := range files {
		assert.NilError(m, os.WriteFile(filepath.Join(dir, name), text, 0o600))
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
func old(m *try) *harness.Proxy {
	return harness.NewProxy(m.T, nil, func(r *http.Response) error {
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
func contextConfig(m *try, name, host string) string {
	config := filepath.Join(m.TempDir(), "config")
	assert.NilError(m, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	harness.Docker(m.T, "--config", config, "context", "create", name, "--docker", "host="+strings.TrimPrefix(host, "DOCKER_HOST="))
	return config
}
