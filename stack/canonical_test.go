package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

func canonical(t testing.TB, text string, opts Options) string {
	t.Helper()
	s, err := loadText(t, text, opts)
	assert.NilError(t, err)
	c, err := s.Canonical()
	assert.NilError(t, err)
	return string(c)
}

// TestCanonicalGolden fails when the form changes: canonicalFormat must change with it, or old snapshots are mistaken
// for something else.
func TestCanonicalGolden(t *testing.T) {
	var indented bytes.Buffer
	assert.NilError(t, json.Indent(&indented, []byte(canonical(t, notes, Options{})), "", "  "))
	golden.Assert(t, indented.String()+"\n", "canonical.golden")
}

func TestCanonicalChanges(t *testing.T) {
	base := canonical(t, notes, Options{})
	for _, c := range []struct{ what, old, replacement string }{
		{"name", "name: notes", "name: other"},
		{"build argument", "MYSQL_DATABASE: notes", "MYSQL_DATABASE: other"},
		{"low flavor's command", "/etc/low.cnf", "/etc/lower.cnf"},
		{"low flavor's environment", "MODE: low", "MODE: lower"},
		{"low flavor's memory", "mem_limit: 300m", "mem_limit: 301m"},
		{"tmpfs", "tmpfs: [/tmp,", "tmpfs: [/var/tmp,"},
		{"tmpfs order", `[/tmp, "/run:size=1m"]`, `["/run:size=1m", /tmp]`},
		{"stop signal", "SIGTERM", "SIGQUIT"},
		{"ulimit", "hard: 2048", "hard: 4096"},
		{"image", "memcached:1.6", "memcached:1.7"},
		{"init", "init: true", "init: false"},
		{"snapshot", "{snapshot: false, ", "{"},
		{"Dockerfile", "web.Dockerfile", "other.Dockerfile"},
		{"target", "target: base", "target: other"},
		{"additional context", "{assets: ./assets/}", "{more: ./assets/}"},
		{"entrypoint", "--once", "--twice"},
		{"command cleared", "    command: []\n", ""},
		{"user", `"10001"`, `"10002"`},
		{"working folder", "/app\n", "/srv\n"},
		{"host name", "web.test", "web2.test"},
		{"shared memory", "64m", "65m"},
		{"alias", "aliases: [notes.test]", "aliases: [notes2.test]"},
		{"dependency", "{db: {condition: service_healthy}, ", "{"},
		{"environment", "DB_HOST: db", "DB_HOST: db2"},
		{"anchored environment", "TZ: UTC", "TZ: CET"},
		{"step's command", "/app/load", "/app/load2"},
		{"step's environment", `QA: "1"`, `QA: "2"`},
		{"checkpoint", "command: check --all}", "command: check --all, checkpoint: true}"},
		{"step left out", "    - {service: web, command: check --all}\n", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			assert.Assert(t, canonical(t, edit(t, c.old, c.replacement), Options{}) != base)
		})
	}
	t.Run("variable", func(t *testing.T) {
		assert.Assert(t, canonical(t, notes, Options{Set: map[string]string{"MYSQL_IMAGE": "mysql:8.4"}}) != base)
	})
	t.Run("passed variable", func(t *testing.T) {
		assert.Assert(t, canonical(t, notes, Options{Environ: []string{"PASSED="}}) != base)
	})
}

func TestCanonicalStays(t *testing.T) {
	base := canonical(t, notes, Options{})
	for _, c := range []struct{ what, old, replacement string }{
		{"regular flavor", "/etc/regular.cnf", "/etc/big.cnf"},
		{"command that no flavor runs", "/etc/default.cnf", "/etc/other.cnf"},
		{"memory that the low flavor overrides", "mem_limit: 1g", "mem_limit: 2g"},
		{"readiness", "path: /rest/version", "path: /"},
		{"readiness timeout", "timeout: 45s", "timeout: 46s"},
		{"grace period", "stop_grace_period: 30s", "stop_grace_period: 31s"},
		{"step's timeout", "timeout: 5m", "timeout: 6m"},
		{"folder of a context", "context: ../mysql", "context: ../mariadb"},
		{"folder of an additional context", "{assets: ./assets/}", "{assets: ../assets}"},
		{"source", "#0123456789012345678901234567890123456789", "#main"},
		{"named context", "include: [cpanfile]", "include: [cpanfile, Makefile.PL]"},
		{"url", "port: 8000\n", "port: 8001\n"},
		{"url's environment", "URLBASE: ", "BASE: "},
		{"env", "NOTES_KEY: abc", "NOTES_KEY: abcd"},
		{"order of keys", "DB_HOST: db\n      WORKERS: 2", "WORKERS: 2\n      DB_HOST: db"},
		{"form of depends_on", "depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}", "depends_on: [cache, db]"},
		{"form of environment", "{QA: \"1\"}", "{QA: 1}"},
		{"default written out", `build: {context: ., dockerfile: web.Dockerfile`, `build: {dockerfile: web.Dockerfile`},
		{"comment", "name: notes", "name: notes # what it is called"},
	} {
		t.Run(c.what, func(t *testing.T) {
			assert.Equal(t, canonical(t, edit(t, c.old, c.replacement), Options{}), base)
		})
	}
}

// TestCanonicalPlace loads the same file from two folders and from a built-in tree: the key of a snapshot does not
// depend on where a checkout is.
func TestCanonicalPlace(t *testing.T) {
	base := canonical(t, notes, Options{})
	for range 2 {
		dir := t.TempDir()
		file := filepath.Join(dir, "compose.yaml")
		assert.NilError(t, os.WriteFile(file, []byte(notes), 0o600))
		s, err := Load(context.Background(), []string{file}, Options{})
		assert.NilError(t, err)
		assert.Equal(t, s.Dir, dir)
		assert.Assert(t, s.FS == nil)
		c, err := s.Canonical()
		assert.NilError(t, err)
		assert.Equal(t, string(c), base)
	}
}

func TestCanonicalAbsoluteDockerfile(t *testing.T) {
	s := &Stack{Services: []Service{{Name: "web", Build: &Build{Context: "/home/me/app", Dockerfile: "/home/me/web.Dockerfile"}}}}
	c, err := s.Canonical()
	assert.NilError(t, err)
	assert.Assert(t, !strings.Contains(string(c), "/home/me"))
	assert.Assert(t, strings.Contains(string(c), `"dockerfile":"web.Dockerfile"`))
}

func TestHash(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	other, err := loadText(t, strings.Replace(notes, "memcached:1.6", "memcached:1.7", 1), Options{})
	assert.NilError(t, err)
	for i, svc := range s.Services {
		one, err := s.Hash(svc)
		assert.NilError(t, err)
		two, err := other.Hash(other.Services[i])
		assert.NilError(t, err)
		assert.Equal(t, one == two, svc.Name != "cache", svc.Name)
	}
}

// TestCanonicalPart: what is left out does not count, and nothing else is.
func TestCanonicalPart(t *testing.T) {
	part := func(text string, services []string, steps int) string {
		t.Helper()
		s, err := loadText(t, text, Options{})
		assert.NilError(t, err)
		c, err := s.CanonicalPart(services, steps)
		assert.NilError(t, err)
		return string(c)
	}
	base := part(notes, []string{"db", "web"}, 1)
	assert.Equal(t, part(edit(t, "memcached:1.6", "memcached:1.7"), []string{"db", "web"}, 1), base)
	assert.Equal(t, part(edit(t, "check --all", "check"), []string{"db", "web"}, 1), base)
	assert.Assert(t, part(edit(t, "memcached:1.6", "memcached:1.7"), []string{"cache", "db", "web"}, 1) != base)
	assert.Assert(t, part(edit(t, "/app/load", "/app/load2"), []string{"db", "web"}, 1) != base)
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	assert.Equal(t, part(notes, s.ServiceNames(), len(s.Bootstrap)), canonical(t, notes, Options{}))
}
