package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// U18: what a start needs is with the snapshot. Its files may be gone.
func TestU18SnapshotAloneStarts(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "alone", harness.Edits{"services.web.environment.MINI_PASSWORD": "not-to-be-read"})
	key := a.Build(t)
	id := a.Image(t, key, "web")
	all := harness.Docker(t, "image", "inspect", id) + harness.Docker(t, "history", "--no-trunc", id)
	assert.Assert(t, strings.Contains(all, "docker-bmo.start"))
	for _, word := range []string{"MINI_PASSWORD", "not-to-be-read"} {
		assert.Assert(t, !strings.Contains(all, word), all)
	}
	assert.NilError(t, os.RemoveAll(a.Dir))
	said := harness.BMO(t, "run", "--snapshot", key, "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`).OK(t)
	assert.Assert(t, strings.HasPrefix(said.Stdout, "hello"), said.Stdout)
}

// --explain names the files that are not the same as in the newest snapshot.
func TestExplainNamesFiles(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "explain-files", nil)
	a.Build(t)
	greeting, script := filepath.Join(a.Dir, "../shared/greeting"), filepath.Join(a.Dir, "server.pl")
	assert.NilError(t, os.Remove(greeting))
	assert.NilError(t, os.WriteFile(filepath.Join(a.Dir, "new"), []byte("new\n"), 0o600))
	text, err := os.ReadFile(script)
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(script, append(text, '\n'), 0o600))
	assert.NilError(t, os.Chmod(script, 0o600))
	said := a.Do(t, "build", "--dry-run", "--explain").OK(t).Stdout
	for _, want := range []string{": context shared: removed greeting\n", ": the build context of web: added new; changed server.pl\n"} {
		assert.Assert(t, strings.Contains(said, want), said)
	}
}
