package stack

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gotest.tools/v3/assert"
)

// notes has one of everything that a stack can say.
const notes = `
name: notes
x-common: &common
  TZ: UTC
services:
  db:
    build:
      context: ../mysql
      args: {MYSQL_IMAGE: "${MYSQL_IMAGE:-mysql:9.7}", MYSQL_DATABASE: notes, PASSED: null}
    command: [mysqld, --defaults-file=/etc/default.cnf]
    tmpfs: [/tmp, "/run:size=1m"]
    mem_limit: 1g
    stop_signal: SIGTERM
    stop_grace_period: 30s
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 100}
    x-bmo:
      ready:
        mysql: {user: notes, password: secret, database: notes}
        timeout: 45s
      flavors:
        low: {command: [mysqld, --defaults-file=/etc/low.cnf], environment: {MODE: low}, mem_limit: 300m}
        regular: {command: [mysqld, --defaults-file=/etc/regular.cnf]}
  cache:
    image: memcached:1.6
    init: true
    x-bmo: {snapshot: false, ready: {tcp: {port: 11211}}}
  web:
    build: {context: ., dockerfile: web.Dockerfile, target: base, additional_contexts: {assets: ./assets/}}
    entrypoint: /entry --once 'two words'
    command: []
    user: "10001"
    working_dir: /app
    hostname: web.test
    shm_size: 64m
    networks: {default: {aliases: [notes.test]}}
    depends_on: {db: {condition: service_healthy}, cache: {condition: service_started}}
    environment:
      <<: *common
      DB_HOST: db
      WORKERS: 2
      PASSED:
    x-bmo:
      ready: {http: {port: 8000, path: /rest/version, status: 200, body: '"version"'}}
x-bmo:
  source:
    url: https://git.example/owner/notes.git#0123456789012345678901234567890123456789
    marker: [Notes.pm, lib/Notes]
  contexts:
    source: {from: source, exclude: [.git]}
    deps: {from: source, include: [cpanfile], ignore: false}
    lists: {from: deps}
    assets: {from: ./assets/}
    cpan: {from: empty}
  bootstrap:
    - {service: web, command: [/app/load], environment: {QA: "1"}, timeout: 5m}
    - {service: web, command: check --all}
  url:
    service: web
    port: 8000
    environment: {URLBASE: "{{.URL}}/"}
  env: {NOTES_URL: "{{.URL}}", NOTES_KEY: abc, NOTES_HOST: "{{.Host}}:{{.Port}}", NOTES_INSTANCE: "{{.Instance}}"}
`

// loadText loads a stack from a text, built in as notes/compose.yaml.
func loadText(t testing.TB, text string, opts Options) (*Stack, error) {
	t.Helper()
	return LoadFS(context.Background(), fstest.MapFS{"notes/compose.yaml": {Data: []byte(text)}}, "notes/compose.yaml", opts)
}

func TestLoad(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	fsys := s.FS
	s.FS = nil
	no := false
	want := &Stack{
		Name: "notes",
		Path: "notes", Files: []string{"notes/compose.yaml"},
		Services: []Service{
			{
				Name: "cache", Image: "memcached:1.6", Init: true, Environment: map[string]string{}, Ulimits: map[string]Ulimit{},
				StopGracePeriod: 2 * time.Minute,
				Ready:           Ready{TCP: &TCP{Port: 11211}},
			},
			{
				Name: "db",
				Build: &Build{
					Context: "../mysql", Dockerfile: "Dockerfile",
					Args:               map[string]string{"MYSQL_IMAGE": "mysql:9.7", "MYSQL_DATABASE": "notes"},
					AdditionalContexts: map[string]string{},
				},
				Command:     []string{"mysqld", "--defaults-file=/etc/default.cnf"},
				Environment: map[string]string{},
				Tmpfs:       []string{"/tmp", "/run:size=1m"},
				StopSignal:  "SIGTERM", StopGracePeriod: 30 * time.Second,
				MemLimit: 1 << 30,
				Ulimits:  map[string]Ulimit{"nofile": {1024, 2048}, "nproc": {100, 100}},
				Snapshot: true,
				Ready: Ready{
					MySQL:   &MySQL{Port: 3306, User: "notes", Password: "secret", Database: "notes", Query: "SELECT 1"},
					Timeout: 45 * time.Second,
				},
				Flavors: map[string]Flavor{
					"low": {
						Command:     []string{"mysqld", "--defaults-file=/etc/low.cnf"},
						Environment: map[string]string{"MODE": "low"}, MemLimit: 300 << 20,
					},
					"regular": {Command: []string{"mysqld", "--defaults-file=/etc/regular.cnf"}},
				},
			},
			{
				Name: "web",
				Build: &Build{
					Context: ".", Dockerfile: "web.Dockerfile", Target: "base", Args: map[string]string{},
					AdditionalContexts: map[string]string{"assets": "assets"},
				},
				Entrypoint: []string{"/entry", "--once", "two words"}, Command: []string{},
				Environment: map[string]string{"TZ": "UTC", "DB_HOST": "db", "WORKERS": "2"},
				User:        "10001", WorkingDir: "/app", Hostname: "web.test",
				DependsOn: []string{"cache", "db"}, Aliases: []string{"notes.test"},
				StopGracePeriod: 2 * time.Minute, ShmSize: 64 << 20, Ulimits: map[string]Ulimit{},
				Snapshot: true,
				Ready: Ready{
					HTTP: &HTTP{Port: 8000, Path: "/rest/version", MinStatus: 200, MaxStatus: 200, Body: `"version"`},
				},
			},
		},
		Source: Source{
			URL:    "https://git.example/owner/notes.git#0123456789012345678901234567890123456789",
			Marker: []string{"Notes.pm", "lib/Notes"},
		},
		Contexts: map[string]Context{
			"source": {From: "source", Exclude: []string{".git"}},
			"deps":   {From: "source", Include: []string{"cpanfile"}, Ignore: &no},
			"lists":  {From: "deps"},
			"assets": {From: "./assets"},
			"cpan":   {From: "empty"},
		},
		Bootstrap: []Step{
			{Service: "web", Command: []string{"/app/load"}, Environment: map[string]string{"QA": "1"}, Timeout: 5 * time.Minute},
			{Service: "web", Command: []string{"check", "--all"}},
		},
		URL: URL{Service: "web", Port: 8000, Environment: map[string]string{"URLBASE": "{{.URL}}/"}},
		Env: map[string]string{
			"NOTES_URL": "{{.URL}}", "NOTES_KEY": "abc", "NOTES_HOST": "{{.Host}}:{{.Port}}", "NOTES_INSTANCE": "{{.Instance}}",
		},
	}
	assert.DeepEqual(t, s, want)
	assert.Assert(t, fsys != nil)
}

// edit returns notes with one text replaced, which has to be there.
func edit(t testing.TB, old, replacement string) string {
	t.Helper()
	assert.Assert(t, strings.Contains(notes, old), "notes does not have %q", old)
	return strings.Replace(notes, old, replacement, 1)
}
