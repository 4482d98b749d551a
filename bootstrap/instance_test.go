package bootstrap

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// inst is an instance of the fixture's snapshot, that is to be committed.
type inst struct {
	*fixture
	req CommitRequest
}

func (f *fixture) instance(t *testing.T) *inst {
	t.Helper()
	parent, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	i := &inst{f, CommitRequest{
		Request: f.req, Instance: "shop", Flavor: stack.DefaultFlavor, Parent: parent, Containers: map[string]string{},
		Volume: func(name string) string { return "docker-bmo-shop-volume-" + name },
	}}
	i.req.Snapshot = snapshottest.New("demo", "fedcba9876543210", time.Now(), "cache", "db", "web")
	i.req.Snapshot.Volumes = parent.Volumes
	i.req.Snapshot.Parent, i.req.Snapshot.Name, i.req.Labels = parent.Key, "seeded", parent.Inherited()
	network, err := f.req.Engine.CreateNetwork(t.Context(), "docker-bmo-shop", map[string]string{label.Role: label.RoleInstance}, len(parent.Services))
	assert.NilError(t, err)
	for _, name := range parent.Volumes {
		assert.NilError(t, f.req.Engine.CreateVolume(t.Context(), i.req.Volume(name), nil))
	}
	for _, service := range parent.Services {
		s, _ := f.req.Stack.Service(service)
		spec := engine.ContainerSpec{
			Name: "docker-bmo-shop-" + service, Image: parent.Images[service].ID, Network: network, Environment: []string{"SECRET=of-the-instance"},
			Labels: map[string]string{label.Role: label.RoleInstance, label.Instance: "shop", label.Service: service},
		}
		for _, m := range s.Mounts {
			if m.Shared {
				spec.Mounts = append(spec.Mounts, engine.Mount{Volume: i.req.Volume(m.Volume), Target: m.Target})
			}
		}
		id, err := f.req.Engine.CreateContainer(t.Context(), spec)
		assert.NilError(t, err)
		_, err = f.req.Engine.Start(t.Context(), id, nil, nil)
		assert.NilError(t, err)
		i.req.Containers[service] = id
	}
	i.before = f.Objects()
	return i
}

// works checks that all services run, and that nothing else is on the engine but what was there before.
func (i *inst) works(t *testing.T, more ...string) {
	t.Helper()
	for service, id := range i.req.Containers {
		c, _ := i.Container(id)
		assert.Equal(t, c.State, "running", service)
	}
	want := slices.Sorted(slices.Values(append(slices.Clone(i.before), more...)))
	assert.DeepEqual(t, i.Objects(), want)
}

// done returns what was done to the containers, in order.
func (i *inst) done() (list []string) {
	names := map[string]string{}
	for service, id := range i.req.Containers {
		names[id] = service
	}
	for _, r := range i.Requests() {
		words := strings.Split(strings.TrimPrefix(r, "POST /containers/"), "/")
		if len(words) == 2 && names[words[0]] != "" && slices.Contains([]string{"pause", "unpause", "start", "kill"}, words[1]) {
			list = append(list, words[1]+" "+names[words[0]])
		}
		if r == "POST /commit" {
			list = append(list, "commit")
		}
	}
	return list
}

func TestCommitInstance(t *testing.T) {
	f := newFixture(t)
	i := f.instance(t)
	before := len(i.done())
	s, err := CommitInstance(t.Context(), i.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, i.done()[before:], []string{
		"pause web", "pause cache", "kill db", "commit", "commit", "start db", "unpause web", "unpause cache",
	})
	assert.Equal(t, s.Name, "seeded")
	assert.Equal(t, s.Parent, f.req.Snapshot.Key)
	assert.Assert(t, s.Complete())
	for service, layers := range map[string]int{"cache": 1, "db": 3, "web": 3} {
		img, _ := i.Image(s.Images[service].ID)
		assert.Equal(t, len(img.Layers), layers, service)
		assert.DeepEqual(t, img.Env, []string{"PATH=/bin"}) // nothing of the instance
		assert.Equal(t, img.Labels[label.Context+"source"], "sha256:01")
		assert.Equal(t, img.Labels[label.Parent], i.req.Parent.Images[service].ID)
		_, owned := img.Labels[label.Owner]
		assert.Assert(t, !owned)
	}
	var tags []string
	for _, service := range s.Services {
		tags = append(tags, "image "+snapshot.Tag("demo", service, s.Key))
	}
	i.works(t, tags...)
}

// TestCommitFails: whatever fails, the instance works, and nothing is left that was made for the commit.
func TestCommitFails(t *testing.T) {
	for _, c := range []struct {
		name, want string
		fault      func(*inst)
	}{
		{"no lock", "no space", func(i *inst) { i.Fail("POST", "/containers/create", 500, "no space", 1) }},
		{"no name", "no tagging", func(i *inst) {
			for _, service := range i.req.Parent.Services { // as after a build with --no-cache
				img := i.req.Parent.Images[service]
				img.Tags = nil
				i.req.Parent.Images[service] = img
			}
			i.Fail("POST", "/images/.*", 500, "no tagging", 1)
		}},
		{"not paused", "no freezer", func(i *inst) { i.Fail("POST", "/containers/[^/]+/pause", 500, "no freezer", 1) }},
		{"database ends badly", "service db ended with exit code 1 when it was stopped: not committed", func(i *inst) {}},
		{"not committed", "disk broke", func(i *inst) { i.Fail("POST", "/commit", 500, "disk broke", 1) }},
		{"not sealed", "no buildkit", func(i *inst) { i.Fail("POST", "/seal", 500, "no buildkit", 1) }},
		{"half sealed", "no buildkit", func(i *inst) {
			n := 0
			i.Before("POST", "/seal", func(*http.Request) {
				if n++; n == 2 {
					i.Fail("POST", "/seal", 500, "no buildkit", 1)
				}
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			if c.name == "database ends badly" {
				good := f.programs["db"]
				runs := 0
				f.programs["db"] = func(p *enginetest.Proc) int {
					runs++
					return good(p) + runs - 1 // in the bootstrap well, in the instance not
				}
			}
			i := f.instance(t)
			c.fault(i)
			s, err := CommitInstance(t.Context(), i.req)
			assert.ErrorContains(t, err, c.want)
			assert.Assert(t, s == nil)
			i.works(t)
		})
	}
}

func TestCommitTwiceAtOnce(t *testing.T) {
	f := newFixture(t)
	i := f.instance(t)
	var second error
	i.Before("POST", "/commit", func(*http.Request) {
		if second == nil {
			_, second = CommitInstance(context.WithoutCancel(t.Context()), i.req)
		}
	})
	_, err := CommitInstance(t.Context(), i.req)
	assert.NilError(t, err)
	assert.Error(t, second, "instance shop is being committed already")
}

func TestCommitInterrupted(t *testing.T) {
	f := newFixture(t)
	i := f.instance(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	i.Before("POST", "/commit", func(*http.Request) { cancel(errors.New("interrupted")) })
	_, err := CommitInstance(ctx, i.req)
	assert.ErrorContains(t, err, "interrupted")
	i.works(t)
}

// TestCommitEngineFailsOnce: what puts the instance back to work is asked for again.
func TestCommitEngineFailsOnce(t *testing.T) {
	before := failurePause
	failurePause = time.Millisecond
	t.Cleanup(func() { failurePause = before })
	for _, request := range []string{"start", "unpause"} {
		t.Run(request, func(t *testing.T) {
			f := newFixture(t)
			i := f.instance(t)
			i.Fail("POST", "/containers/.*/"+request, http.StatusInternalServerError, "something went wrong", 2)
			s, err := CommitInstance(t.Context(), i.req)
			assert.NilError(t, err)
			assert.Assert(t, s.Complete())
			for service, id := range i.req.Containers {
				c, _ := i.Container(id)
				assert.Equal(t, c.State, "running", service)
			}
		})
	}
}

// TestCommitInterruptedInAFailure: who has interrupted is told that, and not what the engine made of it.
func TestCommitInterruptedInAFailure(t *testing.T) {
	f := newFixture(t)
	i := f.instance(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	i.Before("POST", "/containers/.*/kill", func(*http.Request) { cancel(interrupted) })
	i.Fail("POST", "/containers/.*/kill", http.StatusInternalServerError, "something went wrong", 1)
	_, err := CommitInstance(ctx, i.req)
	assert.ErrorIs(t, err, interrupted)
	assert.Assert(t, !engine.IsFailure(err), "%v", err)
	i.works(t)
}

// TestCommitNotReadyAgain: the snapshot is good, and what is wrong with the instance is said.
func TestCommitNotReadyAgain(t *testing.T) {
	f := newFixture(t)
	good, runs := f.programs["db"], 0
	f.programs["db"] = func(p *enginetest.Proc) int {
		if runs++; runs == 3 {
			return enginetest.Exit(1, "corrupt")(p)
		}
		return good(p)
	}
	i := f.instance(t)
	s, err := CommitInstance(t.Context(), i.req)
	assert.ErrorContains(t, err, "instance shop is not ready again: service db: ended with exit code 1")
	assert.Assert(t, strings.HasPrefix(hint.All(err)[0], "`docker bmo reset shop`"), "%q", hint.All(err))
	assert.Assert(t, s.Complete())
	web, _ := i.Container(i.req.Containers["web"])
	assert.Equal(t, web.State, "running")
}
