package e2e

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// newNoBash makes a stack of images that have nothing but one program in them, with the changes to its file.
func newNoBash(t *testing.T, suffix string, changes harness.Edits) *harness.App {
	t.Helper()
	text, err := os.ReadFile("testdata/nobash/compose.yaml")
	assert.NilError(t, err)
	return newStatic(t, suffix, string(text), changes)
}

// newStatic makes a stack of that program from a Compose file.
func newStatic(t *testing.T, suffix, compose string, changes harness.Edits) *harness.App {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	assert.NilError(t, os.MkdirAll(dir, 0o755))
	dockerfile, err := os.ReadFile("testdata/nobash/Dockerfile")
	assert.NilError(t, err)
	for name, text := range map[string]string{"compose.yaml": compose, "Dockerfile": string(dockerfile)} {
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	platform := strings.Split(harness.Docker(t, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"), "/")
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "server"), "./testdata/nobash/server.go")
	build.Env = append(os.Environ(), "GOCACHE="+goCache, "CGO_ENABLED=0", "GOOS="+platform[0], "GOARCH="+platform[1])
	out, err := build.CombinedOutput()
	assert.NilError(t, err, string(out))
	return harness.NewApp(t, os.DirFS(filepath.Dir(dir)), "app", suffix, changes)
}

// An image without bash, or any shell, becomes ready like any other, and nothing that led to it stays.
func TestP4ScratchImageBecomesReady(t *testing.T) {
	t.Parallel()
	a := newNoBash(t, "nobash", nil)
	a.Build(t)
	i := a.Run(t)
	r := a.Do(t, "run", "--", "sh", "-c", `curl --silent --show-error --fail "$NOBASH_URL/"`).OK(t)
	assert.Assert(t, strings.HasPrefix(r.Stdout, "hello 127.0.0.1:"), r.Stdout)
	assert.Equal(t, relaysOf(t, i.Name), "")
	i.Remove(t)
	a.LeavesNothing(t)
}

// The same on an engine of which only the API can be reached: what leads to the images is removed with the instance.
func TestP4ScratchImageOverSSH(t *testing.T) {
	t.Parallel()
	m, _, c := overSSH(t)
	a := newNoBash(t, "nobash-ssh", nil)
	a.CLI = c
	a.Build(t)

	p := a.Start(t, "run", "--format", "json")
	p.Await(t, &p.Stdout, `(?m)^\{.*\}$`)
	i := &harness.Instance{}
	assert.NilError(t, json.Unmarshal([]byte(p.Stdout.String()), i))
	assert.Equal(t, len(i.Services), 2)
	for range 3 {
		resp, err := m.Browser().Get(i.URL)
		assert.NilError(t, err)
		body, err := io.ReadAll(resp.Body)
		assert.NilError(t, err)
		assert.NilError(t, resp.Body.Close())
		assert.Assert(t, strings.HasPrefix(string(body), "hello 127.0.0.1:"), string(body))
	}
	// One leads to the port that is forwarded; the one to the other service has gone when that was ready.
	assert.Equal(t, len(harness.Lines(relaysOf(t, i.Name))), 1)
	var shown []struct{ Services map[string]any }
	assert.NilError(t, json.Unmarshal([]byte(a.CLI.Run(t, "inspect", i.Name).OK(t).Stdout), &shown))
	assert.Equal(t, len(shown[0].Services), 2)
	assert.NilError(t, p.Signal(syscall.SIGINT))
	p.Wait(t).Fails(t, 130)
	assert.Equal(t, relaysOf(t, i.Name), "")

	asked := a.Do(t, "run", "--", "sh", "-c", `curl --silent --show-error --fail "$NOBASH_URL/"`).OK(t)
	assert.Assert(t, strings.HasPrefix(asked.Stdout, "hello 127.0.0.1:"), asked.Stdout)
	a.LeavesNothing(t)
}

// U10: the address that a browser has reaches the application from within its own container, and from the other services,
// whatever is in the images, and where nothing can be put into them.
func TestU10AnInstanceReachesItself(t *testing.T) {
	t.Parallel()
	a := newNoBash(t, "nobash-itself", harness.Edits{"services.banner.read_only": true})
	a.Build(t)
	for _, i := range a.Runs(t, "-n", "2") {
		for service := range i.Services {
			said := harness.BMO(t, "exec", i.Name, service, "/server", "ask", i.URL).OK(t).Text()
			assert.Equal(t, "http://"+strings.TrimPrefix(said, "hello "), i.URL, "from within %s", service)
		}
		assert.Equal(t, len(harness.Lines(relaysOf(t, i.Name))), 1, "next to the read-only one")
		i.Remove(t)
	}
	a.LeavesNothing(t)
}

// relaysOf returns the containers that lead to the services of an instance.
func relaysOf(t *testing.T, instance string) string {
	t.Helper()
	return harness.Docker(t, "ps", "--all", "--quiet", "--filter", "label=docker-bmo.relay", "--filter", "label=docker-bmo.instance="+instance)
}
