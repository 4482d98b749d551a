package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/cli/cli/config"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// shop is a stack without anything to build.
const shop = `
name: shop
services:
  db:
    image: mysql:9.7
    command: [mysqld, --normal]
    x-bmo:
      ready: {tcp: {port: 3306}}
      flavors:
        low: {command: [mysqld, --low], mem_limit: 300m}
        regular: {command: [mysqld, --regular]}
  web:
    image: shop:1
    depends_on: [db]
    environment: {DB: db, PRICE: "5$$"}
    x-bmo: {ready: {http: {port: 8000, path: /version}}}
x-bmo:
  bootstrap: [{service: web, command: [migrate]}]
  url: {service: web, port: 8000, environment: {BASE: "{{.URL}}/"}}
  env: {SHOP_URL: "{{.URL}}", SHOP_NAME: "{{.Instance}}"}
`

// terminal is docker's command line on a fake engine, with a stack and the output of the last command.
type terminal struct {
	*docker
	t        *testing.T
	out, err string
	file     string // of the stack
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	dir := t.TempDir()
	for name, folder := range map[string]string{"XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache", "HOME": "home"} {
		t.Setenv(name, filepath.Join(dir, folder))
	}
	config.SetDir(filepath.Join(dir, "docker"))
	file := filepath.Join(dir, "compose.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(shop), 0o600))
	x := &terminal{docker: newDocker(t), t: t, file: file}
	x.SetPrograms(shopPrograms)
	return x
}

// shopPrograms serve what the probes of the shop check.
func shopPrograms(s enginetest.Spec) enginetest.Program {
	switch s.Labels[label.Service] {
	case "db":
		return func(p *enginetest.Proc) int {
			p.Print("db: " + strings.Join(p.Command, " "))
			p.Listen(3306, enginetest.Silent)
			return p.UntilStopped(0)
		}
	default:
		return func(p *enginetest.Proc) int {
			p.Print("web: listening")
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(http.StatusOK, "1.0")))
			return p.UntilStopped(0)
		}
	}
}

// run runs a command and returns its exit code.
func (x *terminal) run(args ...string) int {
	x.t.Helper()
	var err error
	x.out, x.err, err = x.docker.run(x.t, args...)
	if err == nil {
		return 0
	}
	return report(io.Discard, err)
}

// golden compares the output of the last command, on both streams, with a file.
func (x *terminal) golden(name string) {
	x.t.Helper()
	text := x.out
	if x.err != "" {
		text += "--- stderr\n" + x.err
	}
	golden.Assert(x.t, normal(text), name+".golden")
}

// patterns of what differs from run to run
var (
	shortID   = regexp.MustCompile(`\b[0-9a-f]{12}\b`)
	longID    = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	address   = regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,5}`)
	moment    = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(\.[0-9]+)?(Z| \+0000 UTC)`)
	maskOwner = regexp.MustCompile(`("Owner": ?)"[^"]+"`)
	took      = regexp.MustCompile(`\b[0-9.]+(ms|s)\b`)
	tempDir   = regexp.MustCompile(`/[^ "]*/(compose\.yaml|app)\b`)
)

func normal(text string) string {
	text = longID.ReplaceAllString(text, "<id>")
	text = shortID.ReplaceAllStringFunc(text, func(id string) string {
		if strings.Trim(id, id[:1]) == "" {
			return id // an identifier that a test has chosen
		}
		return "<short id>"
	})
	text = address.ReplaceAllString(text, "127.0.0.1:<port>")
	text = moment.ReplaceAllString(text, "<time>")
	text = maskOwner.ReplaceAllString(text, `$1"<owner>"`)
	text = tempDir.ReplaceAllString(text, "<dir>/$1")
	return took.ReplaceAllString(text, "<took>")
}

// at stops the clock at a time; it goes on at the end of the test.
func at(moment time.Time) { now = func() time.Time { return moment } }

// load returns the stack of the terminal's file.
func (x *terminal) load() *stack.Stack {
	x.t.Helper()
	st, err := stack.Load(context.Background(), []string{x.file}, stack.Options{})
	assert.NilError(x.t, err)
	return st
}

// key returns a key made of one letter.
func key(letter string) string { return strings.Repeat(letter, 64) }

// addSnapshot adds a snapshot to the engine.
func (x *terminal) addSnapshot(s snapshot.Snapshot, labels map[string]string) snapshot.Snapshot {
	x.t.Helper()
	if s.Services == nil {
		s.Services = []string{"db", "web"}
	}
	x.addImages(s, labels)
	found, err := snapshot.FindKey(context.Background(), x.Engine(x.t), s.Key)
	assert.NilError(x.t, err)
	return *found
}

// addImages adds the images of a snapshot, or of a checkpoint.
func (x *terminal) addImages(s snapshot.Snapshot, labels map[string]string) {
	s.Version = "v1.0.0"
	s.Images = nil
	for _, service := range s.Services {
		l := s.Labels()
		maps.Copy(l, labels)
		l[label.Service] = service
		l[label.Parent] = "sha256:" + key("0")
		l[label.Context+"app"] = "sha256:" + key("1")
		x.AddImage(enginetest.Image{
			Tags: []string{snapshot.Tag(s.Stack, service, s.Key)}, Labels: l, Created: s.Created,
			Layers: []enginetest.Layer{{Name: "base", Size: 100e6}, {Name: s.Stack + service + s.Key, Size: 10e6}},
		})
	}
}

// current adds the snapshot of the terminal's stack, with the variables set, to the engine.
func (x *terminal) current(set ...string) snapshot.Snapshot {
	x.t.Helper()
	inputs := x.inputs(x.t, stackOptions{stacks: []string{x.file}, set: set})
	return x.addSnapshot(snapshot.Snapshot{Key: inputs, Inputs: inputs, Stack: "shop", Created: time.Now().UTC()}, nil)
}

// start starts an instance as run does, without running a command.
func (x *terminal) start(s snapshot.Snapshot, r instance.Request) *instance.Instance {
	x.t.Helper()
	r.Engine, r.Stack, r.Snapshot, r.Owner = x.Engine(x.t), x.load(), &s, owner.Current()
	i, err := instance.Start(context.Background(), r)
	assert.NilError(x.t, err)
	return i
}

// sortedLines returns the sorted lines of a text, for output whose order depends on a race.
func sortedLines(text string) []string {
	return slices.Sorted(strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n"))
}
