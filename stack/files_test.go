package stack

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// shared is a tree in which a stack extends a service of a shared folder, which extends one of a file next to it and
// has an env file.
var shared = map[string]string{
	"app/compose.yaml": `
name: app
services:
  db:
    extends: {file: ../mysql/service.yaml, service: db}
    command: [own]
    environment: {B: own}
    env_file: [own.env, {path: missing.env, required: false}]
    x-bmo: {flavors: {low: {mem_limit: 1m}}}
  web:
    extends: {service: base}
    depends_on: [db]
  base:
    image: debian:trixie-slim
    x-bmo: {ready: {http: {port: 80}}}
x-bmo:
  url: {service: web, port: 80}
`,
	"app/own.env": "E=${FROM:-own}\nF='x y'\n",
	"mysql/service.yaml": `
services:
  db:
    extends: {file: common.yaml, service: common}
    build: {context: ., additional_contexts: {more: ./more}}
    command: [theirs]
    environment: {A: theirs, B: theirs}
    env_file: theirs.env
    x-bmo: {ready: {mysql: {user: me}}, flavors: {low: {command: [low]}}}
`,
	"mysql/common.yaml": `
services:
  common: {environment: {C: common}, tmpfs: [/tmp]}
`,
	"mysql/theirs.env": "D=theirs\nE=theirs\n",
}

func checkShared(t *testing.T, s *Stack) {
	t.Helper()
	db, ok := s.Service("db")
	assert.Assert(t, ok)
	assert.Equal(t, db.Build.Context, "../mysql")
	assert.Equal(t, db.Build.AdditionalContexts["more"], "../mysql/more")
	assert.DeepEqual(t, db.Command, []string{"own"})
	assert.DeepEqual(t, db.Tmpfs, []string{"/tmp"})
	assert.DeepEqual(t, db.Environment, map[string]string{
		"A": "theirs", "B": "own", "C": "common", "D": "theirs", "E": "own", "F": "x y",
	})
	assert.Equal(t, db.Ready.MySQL.User, "me")
	assert.DeepEqual(t, db.Flavors["low"], Flavor{Command: []string{"low"}, MemLimit: 1 << 20})
	web, ok := s.Service("web")
	assert.Assert(t, ok)
	assert.Equal(t, web.Image, "debian:trixie-slim")
	assert.Equal(t, web.Ready.HTTP.Port, 80)
}

func TestExtendsBuiltIn(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	fsys := fstest.MapFS{}
	for name, text := range shared {
		fsys["stacks/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := LoadFS(context.Background(), fsys, "stacks/app/compose.yaml", Options{})
	assert.NilError(t, err)
	assert.Equal(t, s.Path, "stacks/app")
	assert.Equal(t, s.Dir, "")
	checkShared(t, s)
	left, err := os.ReadDir(tmp)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0, "copies are left behind")
}

func TestExtendsOnDisk(t *testing.T) {
	dir := t.TempDir()
	for name, text := range shared {
		file := filepath.Join(dir, name)
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	t.Chdir(filepath.Join(dir, "mysql")) // a relative file, from elsewhere
	s, err := Load(context.Background(), []string{"../app/compose.yaml"}, Options{})
	assert.NilError(t, err)
	assert.Equal(t, s.Dir, filepath.Join(dir, "app"))
	checkShared(t, s)
}

func TestExtendsMalformed(t *testing.T) {
	text := strings.Replace(small, "    image:", "    extends: {file: base.yaml, service: web}\n    image:", 1)
	fsys := fstest.MapFS{"compose.yaml": {Data: []byte(text)}}
	for text, want := range map[string]string{
		"services: {web: {networks: [[]]}}": "compose.yaml: malformed, here or in a file that it extends: ",
		"services: {web: {umask: 18}}":      "compose.yaml:4:3: services.web.umask: not supported",
		"services: {other: {}}":             `service "web" not found in base.yaml`,
		"other: {}":                         "no services section",
	} {
		fsys["base.yaml"] = &fstest.MapFile{Data: []byte(text)}
		_, err := LoadFS(context.Background(), fsys, "compose.yaml", Options{})
		assert.ErrorContains(t, err, want)
	}
}

func TestPassedVariable(t *testing.T) {
	fsys := fstest.MapFS{
		"notes/compose.yaml": {Data: []byte(edit(t, "image: memcached:1.6", "image: memcached:1.6\n    env_file: a.env\n    environment: [PASSED, KEPT]"))},
		"notes/a.env":        {Data: []byte("PASSED=file\nKEPT=file\nOWN=file\n")},
	}
	s, err := LoadFS(context.Background(), fsys, "notes/compose.yaml", Options{Set: map[string]string{"PASSED": "given"}})
	assert.NilError(t, err)
	cache, ok := s.Service("cache")
	assert.Assert(t, ok)
	assert.DeepEqual(t, cache.Environment, map[string]string{"PASSED": "given", "OWN": "file"})
}

func TestLoadMissing(t *testing.T) {
	_, err := Load(context.Background(), []string{filepath.Join(t.TempDir(), "none.yaml")}, Options{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = LoadFS(context.Background(), fstest.MapFS{}, "none.yaml", Options{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestFindFiles(t *testing.T) {
	dir := t.TempDir()
	_, err := FindFiles(dir)
	assert.Error(t, err, "no Compose file in "+dir)
	assert.DeepEqual(t, hint.All(err), []string{"name the file, or call it compose.yaml"})
	_, err = FindFiles(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, fs.ErrNotExist)

	file := filepath.Join(dir, "docker-compose.yml")
	assert.NilError(t, os.WriteFile(file, nil, 0o600))
	for _, name := range []string{dir, file} {
		found, err := FindFiles(name)
		assert.NilError(t, err)
		assert.DeepEqual(t, found, []string{file})
	}
}

func TestAbsoluteContextOnDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "compose.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(`
name: small
services:
  web:
    build: {context: `+dir+`, additional_contexts: {git: "https://host/a.git#main", img: "docker-image://debian"}}
    x-bmo: {ready: {http: {port: 80}}}
x-bmo:
  contexts: {a: {from: ../up}, b: {from: `+dir+`/x}}
  url: {service: web, port: 80}
`), 0o600))
	s, err := Load(context.Background(), []string{file}, Options{})
	assert.NilError(t, err)
	assert.Equal(t, s.Services[0].Build.Context, ".")
	assert.DeepEqual(t, s.Services[0].Build.AdditionalContexts, map[string]string{
		"git": "https://host/a.git#main", "img": "docker-image://debian",
	})
	assert.Equal(t, s.Contexts["a"].From, "../up")
	assert.Equal(t, s.Contexts["b"].From, "./x")
	c, err := s.Canonical()
	assert.NilError(t, err)
	assert.Assert(t, !strings.Contains(string(c), dir))
}
