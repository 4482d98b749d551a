package bmo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// awaiting returns a pipeline that waits for the bootstrap of another process.
func awaiting(t *testing.T, d *fixture, o owner.Owner) *pipeline {
	t.Helper()
	want := snapshottest.New("demo", "aa", noon, "web")
	_, err := d.AddNetwork(bootstrap.Name(want.Key), map[string]string{
		label.Role: label.RoleBootstrap, label.Key: want.Key, label.Owner: o.String(),
	})
	assert.NilError(t, err)
	return &pipeline{client: d.client(t), engine: d.Engine(t), want: want}
}

func TestAwaitTheOtherBootstrap(t *testing.T) {
	d := newFixture(t)
	p := awaiting(t, d, owner.Current())
	other := d.EngineAs(t, "other")
	questions := 0
	d.Before("GET", "/networks", func(*http.Request) {
		if questions++; questions == 4 { // as often as it takes to be asked about twice
			assert.Check(t, other.RemoveNetwork(t.Context(), bootstrap.Name(p.want.Key)))
		}
	})
	assert.NilError(t, p.await(t.Context()))
}

func TestAwaitOneThatWasKilled(t *testing.T) {
	d := newFixture(t)
	gone := owner.Current()
	gone.Start = "0"
	p := awaiting(t, d, gone)
	assert.NilError(t, p.await(t.Context()))
	assert.Equal(t, len(d.Objects()), 0)
}

func TestAwaitInterrupted(t *testing.T) {
	d := newFixture(t)
	p := awaiting(t, d, owner.Current())
	ctx, cancel := context.WithCancelCause(t.Context())
	d.After("GET", "/images/json", func(*http.Request) { cancel(errStopped) })
	assert.Assert(t, errors.Is(p.await(ctx), errStopped))
}

func TestAwaitNobody(t *testing.T) {
	d := newFixture(t)
	p := &pipeline{client: d.client(t), engine: d.Engine(t), want: snapshottest.New("demo", "aa", noon, "web")}
	assert.NilError(t, p.await(t.Context()))
}

// TestSupersede: a build with --no-cache leaves the snapshot before it without names.
func TestSupersede(t *testing.T) {
	d := newFixture(t)
	d.add("demo", "aa", 9)
	used := d.add("demo", "aa", 8)
	d.instance(t, "demo-1", used, noon, owner.Current())
	other := d.add("demo", "bb", 5)
	made := d.add("demo", "aa", 1)
	p := &pipeline{client: d.client(t), engine: d.Engine(t)}
	assert.NilError(t, p.supersede(t.Context(), &made))
	list, err := snapshot.List(t.Context(), p.engine)
	assert.NilError(t, err)
	var left []time.Time
	for _, s := range list {
		left = append(left, s.Created)
	}
	assert.DeepEqual(t, left, []time.Time{made.Created, other.Created, used.Created})
}

func TestExplain(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "x.log"))
	assert.NilError(t, err)
	defer file.Close()
	p := &pipeline{file: file}
	step := &bootstrap.StepError{Step: stack.Step{Service: "web", Command: []string{"load"}}, Code: 1}
	err = p.explain(fmt.Errorf("bootstrap step 1 of 1: %w", step))
	assert.Error(t, err, "bootstrap step 1 of 1: `load` in service web ended with exit code 1\nwhole output: "+file.Name())
	assert.Assert(t, errors.As(err, &step))
	other := errors.New("no space")
	assert.Equal(t, p.explain(other), other)
}

// TestPublicSource: neither credentials nor folders of this machine get into labels.
func TestPublicSource(t *testing.T) {
	for source, want := range map[string]string{
		"": "", "/home/me/src/bmo": "", "./bmo": "", "git@host.test:me/repo.git#0123": "",
		"https://host.test/me/repo.git#0123":                   "https://host.test/me/repo.git#0123",
		"https://me:token@host.test/me/repo.git#0123":          "https://host.test/me/repo.git#0123",
		"ssh://git@host.test/me/repo.git#main":                 "ssh://host.test/me/repo.git#main",
		"file:///home/me/src/bmo#0123456789012345678901234567": "",
	} {
		assert.Equal(t, publicSource(source), want, source)
	}
}

func TestBuiltinStacks(t *testing.T) {
	assert.DeepEqual(t, Stacks(), []string{"bmo", "demo"})
}

func TestOutputFiles(t *testing.T) {
	state := t.TempDir()
	dir := filepath.Join(state, "journals")
	var names []string
	for range keepOutputFiles + 3 {
		f, err := newOutputFile(state, "demo")
		assert.NilError(t, err)
		names = append(names, filepath.Base(f.Name()))
		assert.NilError(t, f.Close())
	}
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	entries, err := os.ReadDir(dir)
	assert.NilError(t, err)
	assert.Equal(t, len(entries), keepOutputFiles+1)
	assert.Assert(t, slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == names[len(names)-1] }))
}

func TestFamiliarNames(t *testing.T) {
	assert.DeepEqual(t, familiar(map[string]string{
		"docker.io/library/mysql:9.7": "", "docker.io/library/debian:trixie-slim": "", "registry.example/x/y@sha256:" + strings.Repeat("1", 64): "", "No Name": "",
	}), []string{"No Name", "debian:trixie-slim", "mysql:9.7", "registry.example/x/y@sha256:" + strings.Repeat("1", 64)})
}
