package bmo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestDraft: the draft of a Compose file loads, and the stack with it is the same as without.
func TestDraft(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"clear": {
			"services:\n  web: {build: ./app, ports: ['8000'], depends_on: [db]}\n  db: {image: 'mysql:8', environment: {MYSQL_USER: u, MYSQL_PASSWORD: secret}}\n",
			[]string{"else when port 8000 answers", "else when user u can send a query", "command: [python3, manage.py, migrate, --noinput]", "    port: 8000\n"},
		},
		"unclear": {
			"services: {a: {image: x, ports: ['80']}, b: {image: x, ports: ['81']}}\n",
			[]string{"  url: {service: a, port: 80}\n  # url: {service: b, port: 81}\n"},
		},
		"no port":  {"services: {a: {image: x}}\n", []string{"the application has no address"}},
		"one-shot": {"services: {a: {image: x, depends_on: {b: {condition: service_completed_successfully}}}, b: {image: x}}\n", []string{"runs once"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			assert.NilError(t, os.MkdirAll(filepath.Join(dir, "app"), 0o755))
			assert.NilError(t, os.WriteFile(filepath.Join(dir, "app/manage.py"), nil, 0o600))
			assert.NilError(t, os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(c.text), 0o600))
			st, err := LoadStack(context.Background(), dir, StackOptions{})
			assert.NilError(t, err)
			text := string(Draft(st))
			for _, want := range c.want {
				assert.Assert(t, strings.Contains(text, want), "%s", text)
			}
			assert.Assert(t, !strings.Contains(text, "secret"))
			assert.NilError(t, os.WriteFile(filepath.Join(dir, DraftName), []byte(text), 0o600))
			again, err := LoadStack(context.Background(), dir, StackOptions{})
			assert.NilError(t, err)
			assert.NilError(t, again.CheckURL())
			before, err := st.Canonical()
			assert.NilError(t, err)
			after, err := again.Canonical()
			assert.NilError(t, err)
			assert.Equal(t, string(before), string(after))
		})
	}
}

// TestStackThatIsMeant: without a name it is the built-in one whose source tree holds the folder, else the Compose file
// there or above, else that of BMO.
func TestStackThatIsMeant(t *testing.T) {
	project, checkout, bugzilla, empty := filepath.Join(t.TempDir(), "shop"), t.TempDir(), t.TempDir(), t.TempDir()
	assert.NilError(t, os.MkdirAll(filepath.Join(project, "deep/down"), 0o755))
	compose := []byte("services: {web: {image: x}}\n")
	assert.NilError(t, os.WriteFile(filepath.Join(project, "compose.yaml"), compose, 0o600))
	for name, dir := range map[string]string{"bmo": checkout, "bugzilla": bugzilla} {
		builtIn, err := LoadStack(t.Context(), name, StackOptions{})
		assert.NilError(t, err)
		assert.NilError(t, os.WriteFile(filepath.Join(dir, "docker-compose.yml"), compose, 0o600))
		for _, marker := range builtIn.Source.Marker {
			file := filepath.Join(dir, marker)
			assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			assert.NilError(t, os.WriteFile(file, nil, 0o600))
		}
	}
	for _, c := range []struct {
		dir, source, want string
	}{
		{project, "", "shop"},
		{filepath.Join(project, "deep/down"), "", "shop"},
		{checkout, "", "bmo"},
		{bugzilla, "", "bugzilla"},
		{empty, bugzilla, "bugzilla"},
		{empty, "", "bmo"},
		{project, checkout, "bmo"},
	} {
		st, err := LoadStack(t.Context(), "", StackOptions{Dir: c.dir, Source: c.source})
		assert.NilError(t, err)
		assert.Equal(t, st.Name, c.want, "%s %s", c.dir, c.source)
	}
}
