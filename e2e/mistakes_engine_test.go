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
)

var engineMistakes = []mistake{
	{"No engine runs", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST=unix:///nowhere/docker.sock"}
		m.bmo("ps")
	}},
	{"Nobody listens at DOCKER_HOST", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST=tcp://127.0.0.1:1"}
		m.bmo("ps")
	}},
	{"DOCKER_HOST is no address", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST=http://127.0.0.1"}
		m.bmo("ps")
	}},
	{"No such docker context", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST="}
		m.cli.docker = []string{"--context", "nope"}
		m.bmo("ps")
	}},
	{"No permission on the socket", func(m *try) {
		socket := newProxy(m.T, nil, nil).host
		assert.NilError(m, os.Chmod(strings.TrimPrefix(socket, "unix://"), 0))
		m.masks = append(m.masks, strings.TrimPrefix(socket, "unix://"), "/var/run/docker.sock")
		m.cli.env = []string{"DOCKER_HOST=" + socket}
		m.cli.put = withoutPrivileges
		m.bmo("ps")
	}},
	{"The engine is too old", func(m *try) {
		m.cli = old(m).cli()
		m.cli.env = []string{"DOCKER_CONTEXT=old", "DOCKER_HOST=", "DOCKER_CONFIG=" + contextConfig(m, "old", m.cli.env[0])}
		m.bmo("ps")
	}},
	{"The engine wants TLS", func(m *try) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // of those that come without TLS
		server.StartTLS()
		m.Cleanup(server.Close)
		m.cli.env = []string{"DOCKER_HOST=tcp://" + server.Listener.Addr().String()}
		m.bmo("ps")
	}},
	{"The engine speaks no TLS", func(m *try) {
		server := httptest.NewServer(http.NotFoundHandler())
		m.Cleanup(server.Close)
		m.cli.env = []string{
			"DOCKER_HOST=tcp://" + server.Listener.Addr().String(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates(m),
		}
		m.bmo("ps")
	}},
	{"TLS without certificates", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST=tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/nowhere"}
		m.bmo("ps")
	}},
	{"Nobody listens for ssh", func(m *try) {
		m.cli.env = []string{"DOCKER_HOST=ssh://me@127.0.0.1:1"}
		m.bmo("ps")
	}},
	{"No engine at the end of ssh", func(m *try) {
		_, _, m.cli = overSSH(m.T)
		m.cli.env = append(m.cli.env, "DOCKER_HOST=ssh://"+hostName+"/nowhere/docker.sock")
		m.bmo("ps")
		m.shown = "DOCKER_HOST=ssh://" + hostName + "/nowhere/docker.sock docker bmo ps"
	}},
	{"The engine's disk is full", func(m *try) {
		full := newProxy(m.T, nil, func(r *http.Response) error {
			if strings.HasSuffix(r.Request.URL.Path, "/commit") {
				return answer(r, http.StatusInternalServerError, map[string]string{"message": "write /var/lib/docker/x: no space left on device"})
			}
			return nil
		})
		m.cli.env = []string{"DOCKER_HOST=" + full.host}
		a := m.stack(nil)
		m.on(a, "build", "-q")
		m.shown = "docker bmo build --stack app/compose.yaml -q"
		a.leavesNothing(m.T)
	}},
}

// certificates is a folder with what TLS needs.
func certificates(m *try) (dir string) {
	dir = m.TempDir()
	m.masks = append(m.masks, dir, "~/certs")
	ca := newAuthority(m.T)
	_, files := ca.issue(m.T, x509.ExtKeyUsageClientAuth)
	files["ca.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
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
func old(m *try) *proxy {
	return newProxy(m.T, nil, func(r *http.Response) error {
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
	docker(m.T, "--config", config, "context", "create", name, "--docker", "host="+strings.TrimPrefix(host, "DOCKER_HOST="))
	return config
}
