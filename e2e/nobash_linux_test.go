package e2e

import (
	"cmp"
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

// goCache is Go's own cache. The suite gives the commands that it tests a cache folder of their own, in which a build
// would begin with the standard library.
var goCache = func() string {
	dir, _ := os.UserCacheDir() // without one, Go says so
	return cmp.Or(os.Getenv("GOCACHE"), filepath.Join(dir, "go-build"))
}()

// newNoBash makes a stack of images that have nothing but one program in them.
func newNoBash(t *testing.T, suffix string) *harness.App {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	assert.NilError(t, os.MkdirAll(dir, 0o755))
	for _, name := range []string{"compose.yaml", "Dockerfile"} {
		text, err := os.ReadFile(filepath.Join("testdata/nobash", name))
		assert.NilError(t, err)
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	platform := strings.Split(harness.Docker(t, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"), "/")
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "server"), "./testdata/nobash/server.go")
	build.Env = append(os.Environ(), "GOCACHE="+goCache, "CGO_ENABLED=0", "GOOS="+platform[0], "GOARCH="+platform[1])
	out, err := build.CombinedOutput()
	assert.NilError(t, err, string(out))
	return harness.NewApp(t, os.DirFS(filepath.Dir(dir)), "app", suffix, nil)
}

// An image without bash, or any shell, becomes ready like any other, and nothing that led to it stays.
func TestP4ScratchImageBecomesReady(t *testing.T) {
	t.Parallel()
	a := newNoBash(t, "nobash")
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
	a := newNoBash(t, "nobash-ssh")
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

// relaysOf returns the containers that lead to the services of an instance.
func relaysOf(t *testing.T, instance string) string {
	t.Helper()
	return harness.Docker(t, "ps", "--all", "--quiet", "--filter", "label=docker-bmo.relay", "--filter", "label=docker-bmo.instance="+instance)
}
