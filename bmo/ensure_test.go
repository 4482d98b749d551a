package bmo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// awaiting returns a pipeline that waits for the bootstrap of another process.
func awaiting(t *testing.T, d *fixture, o owner.Owner) *pipeline {
	t.Helper()
	want := snapshottest.New("demo", "aa", instancetest.Noon, "web")
	_, err := d.AddNetwork(bootstrap.Name(want.Key), map[string]string{
		label.Role: label.RoleBootstrap, label.Key: want.Key, label.Owner: o.String(),
	})
	assert.NilError(t, err)
	return &pipeline{client: d.client(t), engine: d.Engine(t), want: want}
}

// setAwaitPause changes how often a bootstrap of another process is looked at.
func setAwaitPause(t *testing.T, d time.Duration) {
	t.Helper()
	before := awaitPause
	t.Cleanup(func() { awaitPause = before })
	awaitPause = d
}

// TestR15WaitingCostsOneQuestion: a look at the bootstrap of another process is one request to the engine.
func TestR15WaitingCostsOneQuestion(t *testing.T) {
	d := newFixture(t)
	setAwaitPause(t, time.Nanosecond)
	p := awaiting(t, d, owner.Current())
	other := d.EngineAs(t, "other")
	looks := 0
	d.Before("GET", "/networks", func(*http.Request) {
		if looks++; looks == 10 {
			assert.Check(t, other.RemoveNetwork(t.Context(), bootstrap.Name(p.want.Key)))
		}
	})
	assert.NilError(t, p.await(t.Context()))
	assert.Equal(t, d.Count("GET", ".*"), 10)
}

func TestAwaitTheOtherBootstrap(t *testing.T) {
	d := newFixture(t)
	setAwaitPause(t, time.Nanosecond)
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
	d.After("GET", "/networks", func(*http.Request) { cancel(errStopped) })
	assert.Assert(t, errors.Is(p.await(ctx), errStopped))
}

func TestAwaitNobody(t *testing.T) {
	d := newFixture(t)
	p := &pipeline{client: d.client(t), engine: d.Engine(t), want: snapshottest.New("demo", "aa", instancetest.Noon, "web")}
	assert.NilError(t, p.await(t.Context()))
}

// TestBeginsAgain: what others have removed under a bootstrap is made again, but not for good, and not what is to be looked at.
func TestBeginsAgain(t *testing.T) {
	gone := fmt.Errorf("start web: %w", &engine.RemovedError{})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		before int
		keep   bool
		want   bool
	}{
		{t.Context(), gone, 0, false, true},
		{t.Context(), gone, removedTries - 1, false, true},
		{t.Context(), gone, removedTries, false, false},
		{t.Context(), gone, 0, true, false},
		{done, gone, 0, false, false},
		{t.Context(), errStopped, 0, false, false},
		{t.Context(), nil, 0, false, false},
	} {
		p := &pipeline{options: BuildOptions{KeepFailed: c.keep}}
		assert.Equal(t, p.beginsAgain(c.ctx, c.err, c.before), c.want, "%+v", c)
	}
}

// TestSupersede: a build with --no-cache leaves the snapshot before it without names.
func TestSupersede(t *testing.T) {
	d := newFixture(t)
	d.AddSnapshot("demo", "aa", 9)
	used := d.AddSnapshot("demo", "aa", 8)
	d.AddInstance(t, "demo-1", used, instancetest.Noon, owner.Current())
	other := d.AddSnapshot("demo", "bb", 5)
	made := d.AddSnapshot("demo", "aa", 1)
	p := &pipeline{client: d.client(t), engine: d.Engine(t)}
	assert.NilError(t, p.supersede(t.Context(), made))
	list, err := snapshot.List(t.Context(), p.engine)
	assert.NilError(t, err)
	var left []time.Time
	for _, s := range list {
		left = append(left, s.Created)
	}
	assert.DeepEqual(t, left, []time.Time{made.Created, other.Created, used.Created})
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
	assert.DeepEqual(t, Stacks(), []string{"bmo", "bugzilla", "demo"})
}

func TestFamiliarNames(t *testing.T) {
	assert.DeepEqual(t, familiar(map[string]string{
		"docker.io/library/mysql:9.7": "", "docker.io/library/debian:trixie-slim": "", "registry.example/x/y@sha256:" + strings.Repeat("1", 64): "", "No Name": "",
	}), []string{"No Name", "debian:trixie-slim", "mysql:9.7", "registry.example/x/y@sha256:" + strings.Repeat("1", 64)})
}
