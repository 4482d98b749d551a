package contexts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// U6: a comment in the Compose file is nothing to build for, unless the image has the file in it.
func TestU6StacksOwnFiles(t *testing.T) {
	const app = "FROM a\nCOPY app.py requirements.txt /srv/\n"
	for _, c := range []struct {
		name, dockerfile string
		counts           bool
	}{
		{"files by their names", app, false},
		{"a folder", "FROM a\nCOPY src/ /srv/\n", false},
		{"a pattern", "FROM a\nCOPY *.py /srv/\n", false},
		{"from elsewhere", "FROM a AS b\nFROM c\nCOPY --from=b . /\n", false},
		{"an address", "FROM a\nADD https://example.com/x.tar /\n", false},
		{"a mounted file", "FROM a\nRUN --mount=type=bind,source=app.py,target=/app.py true\n", false},
		{"a cache", "FROM a\nRUN --mount=type=cache,target=/root/.cache true\n", false},
		{"a known syntax", "# syntax=docker/dockerfile:1\n" + app, false},
		{"all", "FROM a\nCOPY . /srv/\n", true},
		{"all, by its root", "FROM a\nADD / /srv/\n", true},
		{"all, in an earlier stage", "FROM a AS b\nCOPY . .\nFROM c\nCOPY --from=b /x /\n", true},
		{"its name", "FROM a\nCOPY ./compose.yaml /srv/\n", true},
		{"a pattern that matches", "FROM a\nCOPY c*.y?ml /srv/\n", true},
		{"a variable", "FROM a\nARG WHAT=.\nCOPY ${WHAT} /srv/\n", true},
		{"a mounted context", "FROM a\nRUN --mount=target=/src true\n", true},
		{"a mount of a variable", "FROM a\nARG X\nRUN --mount=type=bind,source=$X,target=/src true\n", true},
		{"a trigger of a later stage", "FROM a AS b\nONBUILD COPY . /srv/\nFROM b\n", true},
		{"a syntax of somebody's", "# syntax=example.com/frontend\n" + app, true},
		{"no Dockerfile at all", "hello\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, files{
				"Dockerfile": c.dockerfile, "app.py": "", "requirements.txt": "", "src/x": "", "compose.yaml": "services: {}\n", ".env": "A=b\n",
			})
			compose := filepath.Join(dir, "compose.yaml")
			digest := func() string {
				t.Helper()
				st := &stack.Stack{Name: "test", Dir: dir, Files: []string{compose}, Services: []stack.Service{{Name: "web", Build: &stack.Build{Context: "."}}}}
				result, err := Load(t.Context(), st, Options{})
				assert.NilError(t, err)
				return result.Trees["service/web"].Digest().String()
			}
			before := digest()
			assert.NilError(t, os.WriteFile(compose, []byte("# to be started by hand\nservices: {}\n"), 0o600))
			assert.Equal(t, digest() != before, c.counts)
		})
	}
}

// TestOwnFilesAreThoseOfTheStack: however they are named, and nothing else.
func TestOwnFilesAreThoseOfTheStack(t *testing.T) {
	dir := folder(t, files{
		"deploy/compose.yaml": "", "deploy/more.yaml": "", "deploy/other.yaml": "", "Dockerfile": "FROM a\n", "link": "->deploy",
	})
	st := &stack.Stack{
		Name: "test", Dir: filepath.Join(dir, "deploy"), Files: []string{"deploy/compose.yaml", filepath.Join(dir, "link/more.yaml"), "../elsewhere.yaml"},
		Services: []stack.Service{{Name: "web", Build: &stack.Build{Context: ".."}}},
	}
	result, err := Load(t.Context(), st, Options{WorkDir: dir})
	assert.NilError(t, err)
	assert.Equal(t, strings.Join(list(t, result.Trees["service/web"]), ", "), "f Dockerfile, d deploy, f deploy/other.yaml, l link -> deploy")
}
