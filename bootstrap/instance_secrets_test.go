package bootstrap

import (
	"context"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/stack"
)

// withKey gives the web service of an instance a secret that is not the stack's any more.
func withKey(t *testing.T, f *fixture) *inst {
	t.Helper()
	f.req.Stack.Services[2].Files = []stack.File{
		{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "k"}, Mode: 0o400},
	}
	i := f.instance(t)
	assert.NilError(t, f.req.Engine.WriteFiles(t.Context(), i.req.Containers["web"], "/", []engine.File{
		{Path: "/run/secrets/key", Content: []byte("the instance's"), Mode: 0o400},
	}))
	return i
}

// TestCommitKeepsSecretsInTheLock: as long as they are not in the instance, and no longer.
func TestCommitKeepsSecretsInTheLock(t *testing.T) {
	i := withKey(t, newFixture(t))
	kept := func() int {
		lock, _ := i.Container(LockName("shop"))
		list, err := i.req.Engine.KeptIn(context.WithoutCancel(t.Context()), lock.ID)
		assert.Check(t, err)
		return len(list)
	}
	during := map[string]int{}
	for _, step := range []string{"/commit", "/containers/[^/]+/start", "/containers/[^/]+/unpause"} {
		i.Before("POST", step, func(*http.Request) { during[step] = max(during[step], kept()) })
	}
	_, err := CommitInstance(t.Context(), i.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, during, map[string]int{"/commit": 1, "/containers/[^/]+/start": 0, "/containers/[^/]+/unpause": 0})
}

// TestCommitThatCannotKeepSecrets takes nothing out of the instance, whether they cannot be read or have no place.
func TestCommitThatCannotKeepSecrets(t *testing.T) {
	for _, method := range []string{"GET", "PUT"} {
		i := withKey(t, newFixture(t))
		i.Fail(method, "/containers/[^/]+/archive", 500, diskFull, 1)
		_, err := CommitInstance(t.Context(), i.req)
		assert.ErrorContains(t, err, diskFull)
		i.works(t)
		key, _ := i.File(i.req.Containers["web"], "/run/secrets/key")
		assert.Equal(t, key.Content, "the instance's")
		assert.Equal(t, i.Count("POST", "/commit"), 2) // the bootstrap's
	}
}

// TestCommitThatCannotPutSecretsBack leaves them to the next command, and starts nothing without them.
func TestCommitThatCannotPutSecretsBack(t *testing.T) {
	i := withKey(t, newFixture(t))
	web := i.req.Containers["web"]
	i.Before("POST", "/commit", func(*http.Request) {
		i.Fail("PUT", "/containers/"+web+"/archive", 500, "no luck", failureTries)
	})
	_, err := CommitInstance(t.Context(), i.req)
	assert.ErrorContains(t, err, "instance shop is not ready again: write /run/secrets/key into container "+web+": no luck")
	db, _ := i.Container(i.req.Containers["db"])
	assert.Equal(t, db.State, "exited")
	lock, _ := i.Container(LockName("shop"))
	kept, err := i.req.Engine.KeptIn(t.Context(), lock.ID)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 1)
}

// TestCommitHasNoSecrets: they are in the instance, before and after, and not in the snapshot; so are volumes' own.
func TestCommitHasNoSecrets(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[2].Files = []stack.File{
		{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "k"}, Mode: 0o400},
	}
	f.req.Stack.Services[2].Mounts = []stack.Mount{{Target: "/srv/up", Volume: "up", Shared: true}}
	f.req.Snapshot.Volumes = []string{"up"}
	i := f.instance(t)
	web := i.req.Containers["web"]
	assert.NilError(t, f.req.Engine.WriteFiles(t.Context(), web, "/", []engine.File{
		{Path: "/run/secrets/key", Content: []byte("the instance's"), Mode: 0o400}, {Path: "/srv/app.log", Content: []byte("kept")},
	}))
	assert.NilError(t, f.req.Engine.WriteFiles(t.Context(), web, "/srv/up", []engine.File{{Path: "/srv/up/logo.png", Content: []byte("logo")}}))
	s, err := CommitInstance(t.Context(), i.req)
	assert.NilError(t, err)
	img, _ := i.Image(s.Images["web"].ID)
	assert.Equal(t, img.Files["/run/secrets/key"].Content, "")
	assert.Equal(t, img.Files["/srv/app.log"].Content, "kept")
	carrier, _ := i.Image(s.Images[label.Volume("up")].ID)
	assert.Equal(t, carrier.Files["/volume/logo.png"].Content, "logo")
	key, _ := i.File(web, "/run/secrets/key")
	assert.Equal(t, key.Content, "the instance's")
}
