package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

//go:embed testdata/compose
var composeFiles embed.FS

// newCompose copies the stack in testdata/compose.
func newCompose(t *testing.T, suffix string, changes harness.Edits) *harness.App {
	t.Helper()
	tree, err := fs.Sub(composeFiles, "testdata/compose")
	assert.NilError(t, err)
	return harness.NewApp(t, tree, "app", suffix, changes)
}

// page returns what an instance of that stack answers.
func page(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	assert.NilError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	assert.NilError(t, err)
	return string(b)
}

// uploads is what such an instance has in its volume: of the image, of a service that ran to its end, and of a step in a
// running service, with modes, owners, times and links. What a shell makes in an exec has the engine's own umask, which is
// none on Docker 29.
var uploads = `(?s)hello
042750 33:34 - /srv/up - 
100644 33:34 \d+ /srv/up/README - of the image
1006(?:44|66) 0:34 \d+ /srv/up/address - ADDRESS
100600 33:34 1000000000 /srv/up/exec - by exec
120777 33:34 - /srv/up/link exec 
100644 0:34 \d+ /srv/up/migrated - by migrate
100600 33:34 1000000000 /srv/up/twin - by exec
`

// A Compose file as people have it: each instance has the volume with the snapshot's content, its services share it, and
// nobody else does.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	a := newCompose(t, "compose", nil)
	key := a.Build(t)
	one, two := a.Run(t), a.Run(t)
	for _, i := range []*harness.Instance{one, two} {
		assert.Assert(t, strings.HasSuffix(i.URL, "/shop"), i.URL)
		want := strings.Replace(uploads, "ADDRESS", regexp.QuoteMeta(i.URL), 1)
		got := page(t, i.URL)
		assert.Assert(t, regexp.MustCompile("^"+want+"$").MatchString(got), got)
		assert.Equal(t, len(i.Services), 3) // without migrate
	}
	harness.Docker(t, "exec", one.Services["store"], "sh", "-c", "echo mine >/srv/up/new")
	assert.Assert(t, strings.Contains(page(t, one.URL), "/srv/up/new - mine\n"))
	assert.Assert(t, !strings.Contains(page(t, two.URL), "/srv/up/new"))
	assert.Equal(t, harness.Docker(t, "exec", one.Services["store"], "hostname"), "store")

	// The worker has done its work.
	assert.Assert(t, strings.Contains(harness.BMO(t, "ps").OK(t).Stdout, one.Name))

	// In no layer of any image, and on no object.
	for _, image := range harness.Lines(harness.Docker(t, "image", "ls", "--all", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name)) {
		notIn(t, image, "the-secret-of-this-test")
		assert.Assert(t, !strings.Contains(harness.Docker(t, "image", "inspect", image), "the-secret-of-this-test"))
	}
	for _, id := range one.Services {
		assert.Assert(t, !strings.Contains(harness.Docker(t, "inspect", id), "the-secret-of-this-test"))
	}

	one.Remove(t)
	two.Remove(t)
	a.LeavesNothing(t)
	harness.BMO(t, "snapshot", "rm", key).OK(t)
	assert.Equal(t, harness.Docker(t, "image", "ls", "--all", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name), "")
}

// notIn checks that no layer of an image contains a text, nor anything else that belongs to the image.
func notIn(t *testing.T, image, text string) {
	t.Helper()
	saved, err := exec.Command("docker", "save", image).Output()
	assert.NilError(t, err)
	assert.Assert(t, !bytes.Contains(saved, []byte(text)), image)
	for parts := tar.NewReader(bytes.NewReader(saved)); ; {
		_, err := parts.Next()
		if err == io.EOF {
			return
		}
		assert.NilError(t, err)
		part, err := io.ReadAll(parts)
		assert.NilError(t, err)
		packed, err := gzip.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // not packed, and so looked at already
		}
		layer, err := io.ReadAll(packed)
		assert.NilError(t, err)
		assert.Assert(t, !bytes.Contains(layer, []byte(text)), image)
	}
}

// What a killed command leaves is swept, volumes included.
func TestVolumesOfKilledRunsAreSwept(t *testing.T) {
	t.Parallel()
	a := newCompose(t, "compose-killed", nil)
	a.Build(t)
	p := a.Start(t, "run", "--", "sleep", "600")
	harness.Until(t, "an instance", func() bool {
		return harness.Docker(t, "volume", "ls", "--quiet", "--filter", "label="+harness.StackLabel+"="+a.Name) != "" &&
			strings.Contains(harness.BMO(t, "ps").Stdout, a.Name)
	})
	assert.NilError(t, p.Signal(syscall.SIGKILL))
	p.Wait(t)
	harness.Sweep(t)
	a.LeavesNothing(t)
}

// A service that holds data and ignores its signal, as a shell does that is process 1: there is no snapshot, and the hint
// says why that may be. One that is not kept holds up nobody.
func TestComposeFileWithAShellAsProcess1(t *testing.T) {
	t.Parallel()
	deaf := []string{"sh", "-c", "sleep infinity; true"}
	a := newCompose(t, "compose-deaf", harness.Edits{
		"services.store.init": false, "services.store.command": deaf, "services.store.stop_grace_period": "1s",
		"services.worker.command": deaf, "services.worker.x-bmo.snapshot": false,
	})
	a.Do(t, "build").Fails(t, 1, "service store did not stop within 1s", "not committed", "`init: true`")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)
}

// A service that runs to its end and fails: there is no snapshot, and the error has its last lines.
func TestComposeFileWhoseMigrationFails(t *testing.T) {
	t.Parallel()
	a := newCompose(t, "compose-fails", harness.Edits{"services.migrate.command": []string{"sh", "-c", "echo no such table; exit 3"}})
	a.Do(t, "build").Fails(t, 1, "service migrate ended with exit code 3", "no such table")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)
}
