package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// newRepository returns a repository of a registry in memory, and what makes it refuse everything.
func newRepository(t *testing.T) (name string, broken *atomic.Bool) {
	t.Helper()
	broken = &atomic.Bool{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`, http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://") + "/team/shop", broken
}

// TestRepository: what one machine pushes, another one pulls and runs without a bootstrap; and what the commands say of it.
func TestRepository(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	x.current()
	at(time.Now().Add(time.Hour))
	steps := func(name string, code int, args ...string) {
		t.Helper()
		for i, a := range args {
			switch {
			case a == "REPOSITORY":
				args[i] = repository
			case strings.HasPrefix(a, "REPOSITORY:"):
				args[i] = repository + strings.TrimPrefix(a, "REPOSITORY")
			case a == "FILE":
				args[i] = x.file
			}
		}
		assert.Equal(t, x.run(args...), code, "%v: %s", args, x.err)
		x.golden("repository-" + name)
	}
	steps("pull-none", 1, "pull", "--progress", "plain", "--stack", "FILE", "REPOSITORY")
	steps("push", 0, "push", "--progress", "plain", "--stack", "FILE", "REPOSITORY")
	steps("push-again", 0, "push", "--progress", "plain", "--stack", "FILE", "REPOSITORY")
	steps("push-both", 1, "push", "--stack", "FILE", "aa", "REPOSITORY")
	steps("push-tag", 1, "push", "--stack", "FILE", "REPOSITORY:tag")
	steps("build-push-nowhere", 1, "build", "--progress", "plain", "--push", "--stack", "FILE")

	other := x.docker.Fake
	x.docker.Fake = instancetest.New(t) // another engine
	x.SetPrograms(shopPrograms)
	at(time.Now().Add(time.Hour))
	steps("build", 0, "build", "--progress", "plain", "--stack", "FILE", "--repository", "REPOSITORY", "--push")
	key := strings.TrimSpace(x.out)
	steps("pull-again", 0, "pull", "--progress", "plain", "REPOSITORY:"+key[:5])
	steps("ls", 0, "snapshot", "ls", "--repository", "REPOSITORY")
	steps("inspect", 0, "snapshot", "inspect", "--repository", "REPOSITORY", "--format", "{{.Stack}} {{json .Labels}}", key)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", key), 0, x.err)
	steps("prune-dry-run", 0, "prune", "--repository", "REPOSITORY", "--all", "--dry-run")
	steps("prune", 0, "prune", "--repository", "REPOSITORY", "--all", "--force")
	steps("ls-empty", 0, "snapshot", "ls", "--repository", "REPOSITORY")
	steps("pull-gone", 1, "pull", "REPOSITORY:"+key)
	x.docker.Fake = other
}

// TestRepositoryOfTheEnvironment: run takes a missing snapshot from there, by its key, too; a pull takes no other's place,
// and a flag wins.
func TestRepositoryOfTheEnvironment(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	made := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour)}, nil)
	assert.Equal(t, x.run("push", made.Key, repository), 0, x.err)
	x.docker.Fake = instancetest.New(t)
	x.SetPrograms(shopPrograms)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", made.Key), exitEngine)
	t.Setenv("DOCKER_BMO_REPOSITORY", repository)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", "aaaa", "--repository", repository+"/other"), exitEngine)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", "aaaa"), 0, x.err)
}

// TestRunNoBuildOfARepository: a snapshot that a repository has need not be built.
func TestRunNoBuildOfARepository(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	x.current()
	assert.Equal(t, x.run("push", "--stack", x.file, repository), 0, x.err)
	x.docker.Fake = instancetest.New(t)
	x.SetPrograms(shopPrograms)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--no-build"), exitEngine)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--no-build", "--repository", repository), 0, x.err)
}

// TestRepositoryOfNoUse: one that refuses everything is a warning, and the snapshot is made here; a push is an error.
func TestRepositoryOfNoUse(t *testing.T) {
	x := newTerminal(t)
	repository, broken := newRepository(t)
	broken.Store(true)
	assert.Assert(t, x.run("build", "--progress", "plain", "--stack", x.file, "--repository", repository) != 0) // the fake cannot build
	assert.Assert(t, strings.Contains(x.err, "warning: the snapshot is not taken from its repository: registry "), x.err)
	assert.Assert(t, strings.Contains(x.err, "hint: `docker login "), x.err)
	x.current()
	assert.Equal(t, x.run("build", "-q", "--stack", x.file, "--repository", repository), 0)
	assert.Equal(t, x.run("build", "-q", "--stack", x.file, "--repository", repository, "--push"), 1)
	x.golden("repository-denied")
}
