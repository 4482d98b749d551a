package prune_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/prune"
)

func living() owner.Owner { return owner.Current() }

func dead() owner.Owner {
	o := owner.Current()
	o.Start = "0"
	return o
}

func foreign() owner.Owner {
	return owner.Owner{Host: "elsewhere", Boot: "b", PID: 1, Start: "1"}
}

// owned returns an object's labels.
func owned(o owner.Owner, age time.Duration, more ...string) map[string]string {
	l := map[string]string{
		label.Owner: o.String(), label.Created: time.Now().Add(-age).UTC().Format(time.RFC3339Nano),
	}
	for _, m := range more {
		k, v, _ := strings.Cut(m, "=")
		l[k] = v
	}
	return l
}

// addAll adds one object of each kind with these labels to the engine.
func addAll(t *testing.T, f *enginetest.Fake, name string, labels map[string]string) {
	t.Helper()
	f.AddImage(enginetest.Image{Tags: []string{"docker-bmo/" + name + ":1"}, Labels: labels})
	_, err := f.Engine(t).CreateContainer(t.Context(), engine.ContainerSpec{Name: name, Image: "app:1", Labels: labels})
	assert.NilError(t, err)
	_, err = f.AddNetwork(name, labels)
	assert.NilError(t, err)
	f.AddVolume(name, labels)
}

func sweep(t *testing.T, f *enginetest.Fake) prune.Report {
	t.Helper()
	r, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.NilError(t, err)
	return r
}

func newFake(t *testing.T) *enginetest.Fake {
	t.Helper()
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	return f
}

func TestStory20WhatHasNoLivingOwnerGoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels map[string]string
		goes   bool
	}{
		{"no labels", nil, false},
		{"labels of somebody else", map[string]string{"com.example.owner": "host/boot/1/1"}, false},
		{"no owner", map[string]string{label.Role: label.RoleInstance}, false},
		{"unreadable owner", map[string]string{label.Owner: "me"}, false},
		{"living owner", owned(living(), 0), false},
		{"living owner for long", owned(living(), 1000*time.Hour), false},
		{"dead owner", owned(dead(), 0), true},
		{"foreign owner", owned(foreign(), time.Hour), false},
		{"foreign owner of long ago", owned(foreign(), 25*time.Hour), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			empty := f.Objects()
			addAll(t, f, "x", c.labels)
			full := f.Objects()
			r := sweep(t, f)
			if !c.goes {
				assert.DeepEqual(t, f.Objects(), full)
				assert.DeepEqual(t, r, prune.Report{})
				return
			}
			assert.DeepEqual(t, f.Objects(), empty)
			assert.Equal(t, len(r.Containers)+len(r.Networks)+len(r.Volumes)+len(r.Untagged)+len(r.Deleted), 5)
		})
	}
}

// addInstance adds an instance of the owner, whose lead container has that name.
func addInstance(t *testing.T, f *enginetest.Fake, name, lead string, o owner.Owner, more ...string) {
	t.Helper()
	e := f.Engine(t)
	labels := owned(o, 0, append(more, label.Role+"="+label.RoleInstance, label.Instance+"="+name)...)
	_, err := f.AddNetwork(name, labels)
	assert.NilError(t, err)
	_, err = e.CreateContainer(t.Context(), engine.ContainerSpec{Name: name + "-db", Image: "app:1", Labels: labels})
	assert.NilError(t, err)
	labels[label.Lead] = "true"
	_, err = e.CreateContainer(t.Context(), engine.ContainerSpec{Name: lead, Image: "app:1", Labels: labels})
	assert.NilError(t, err)
}

const detached = label.Detached + "=true"

func TestSweepOfInstances(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(*testing.T, *enginetest.Fake)
		goes bool
	}{
		{"in the foreground", func(t *testing.T, f *enginetest.Fake) { t.Helper(); addInstance(t, f, "x", "x-web", dead()) }, true},
		{"detached and ready", func(t *testing.T, f *enginetest.Fake) { t.Helper(); addInstance(t, f, "x", "x-web", dead(), detached) }, false},
		{"detached, still starting", func(t *testing.T, f *enginetest.Fake) {
			t.Helper()
			addInstance(t, f, "x", label.StartingName("x-web"), dead(), detached)
		}, true},
		{"detached and starting, by a living owner", func(t *testing.T, f *enginetest.Fake) {
			t.Helper()
			addInstance(t, f, "x", label.StartingName("x-web"), living(), detached)
		}, false},
		{"in the foreground, by a living owner", func(t *testing.T, f *enginetest.Fake) { t.Helper(); addInstance(t, f, "x", "x-web", living()) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			addInstance(t, f, "other", "other-web", dead(), detached) // kept in any case
			other := f.Objects()
			c.make(t, f)
			full := f.Objects()
			sweep(t, f)
			if c.goes {
				assert.DeepEqual(t, f.Objects(), other)
			} else {
				assert.DeepEqual(t, f.Objects(), full)
			}
		})
	}
}

// TestInstanceBecomesReadyDuringTheSweep: `docker bmo run --detach` succeeds, and its process ends, between two
// requests of the sweep. Its instance is kept.
func TestInstanceBecomesReadyDuringTheSweep(t *testing.T) {
	for _, question := range []string{"/containers/json", "/networks", "/volumes", "/images/json"} {
		t.Run(question, func(t *testing.T) {
			f := newFake(t)
			addInstance(t, f, "x", label.StartingName("x-web"), dead(), detached)
			want := slices.Clone(f.Objects())
			for i := range want {
				want[i] = strings.TrimSuffix(want[i], label.StartingName(""))
			}
			slices.Sort(want)
			e := f.EngineAs(t, "run")
			done := false
			f.After("GET", question, func(r *http.Request) {
				if r.Header.Get("From") != "run" && !done {
					done = true
					assert.Check(t, e.Rename(t.Context(), label.StartingName("x-web"), "x-web"))
				}
			})
			sweep(t, f)
			assert.DeepEqual(t, f.Objects(), want)
		})
	}
}

// TestSweepKnowsAllOrDoesNothing: a listing that fails must not make a ready instance look abandoned.
func TestSweepKnowsAllOrDoesNothing(t *testing.T) {
	for _, question := range []string{"/containers/json", "/networks", "/volumes", "/images/json"} {
		f := newFake(t)
		addInstance(t, f, "x", "x-web", dead(), detached)
		addInstance(t, f, "y", "y-web", dead())
		f.Fail("GET", question, 500, "not now", 1)
		_, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
		assert.ErrorContains(t, err, "not now")
		assert.Equal(t, f.Count("DELETE", ".*"), 0)
	}
}

func TestSweepGoesOn(t *testing.T) {
	f := newFake(t)
	empty := f.Objects()
	addAll(t, f, "x", owned(dead(), 0))
	addAll(t, f, "y", owned(dead(), 0))
	for _, kind := range []string{"containers", "networks", "volumes", "images"} {
		f.Fail("DELETE", "/"+kind+"/.*", 500, kind+" are busy", 1)
	}
	r, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	for _, kind := range []string{"containers", "networks", "volumes", "images"} {
		assert.ErrorContains(t, err, kind+" are busy")
	}
	assert.Equal(t, len(r.Containers)+len(r.Networks)+len(r.Volumes)+len(r.Deleted), 4)
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), empty)
}

// TestNothingToSweepCostsLittle: every command that changes something sweeps first.
func TestNothingToSweepCostsLittle(t *testing.T) {
	f := newFake(t)
	add(f, "demo", "a", 1)
	sweep(t, f)
	assert.DeepEqual(t, f.Requests(), []string{
		"HEAD /_ping", "GET /images/json", "GET /volumes", "GET /networks", "GET /containers/json", "GET /images/json",
	})
}

func TestNothingWithoutOurLabelsIsTouched(t *testing.T) {
	f := newFake(t)
	f.AddImage(enginetest.Image{Labels: map[string]string{"maintainer": "x"}}) // dangling
	addAll(t, f, "mine", map[string]string{"com.docker.compose.project": "x"})
	add(f, "demo", "a", 1, "web")
	addAll(t, f, "left", owned(dead(), 0))
	var mine []string
	for _, o := range f.Objects() {
		if !strings.Contains(o, "left") && !strings.Contains(o, "demo-db") {
			mine = append(mine, o)
		}
	}
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), mine)
}

// TestR1OwnerInAContainer: clients in containers that share an engine do not see each other's processes, but the engine
// says which of the containers run.
func TestR1OwnerInAContainer(t *testing.T) {
	f := newFake(t)
	e := f.Engine(t)
	job, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "job", Image: "app:1"})
	assert.NilError(t, err)
	_, err = e.Start(t.Context(), job, nil, nil)
	assert.NilError(t, err)
	inside := living()
	inside.Boot, inside.Container = "another", job
	inside.Since, err = e.RunningSince(t.Context(), job)
	assert.NilError(t, err)
	addAll(t, f, "x", owned(inside, 0))
	full := f.Objects()
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), full)

	f.Fail("GET", "/containers/"+job+"/json", 500, "not now", 5)
	sweep(t, f) // what the engine does not say is no reason to remove anything
	assert.DeepEqual(t, f.Objects(), full)

	f = newFake(t)
	before := f.Objects()
	addAll(t, f, "x", owned(inside, 0))
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), before)
	assert.Equal(t, f.Count("GET", "/containers/"+job+"/json"), 1)
}

// TestR12SlashesInTheHostName: what a command of an older release left on a host called a/b goes, when its time is over.
func TestR12SlashesInTheHostName(t *testing.T) {
	f := newFake(t)
	empty := f.Objects()
	labels := owned(living(), 25*time.Hour)
	labels[label.Owner] = "a/b:4026531836/5bd4bbf3-2d3c-4b0e-9a57-0123456789ab/4711/12345"
	addAll(t, f, "x", labels)
	sweep(t, f)
	assert.DeepEqual(t, f.Objects(), empty)
}

// TestNameIsFreeAtTheEnd: an instance's network, which reserves its name, is removed after its volumes, and a claim, which has
// the owner of what was taken out of a pool, after that.
func TestNameIsFreeAtTheEnd(t *testing.T) {
	f := newFake(t)
	addAll(t, f, "x", owned(dead(), 0))
	f.AddVolume("claim", owned(dead(), 0, label.Role+"="+label.RoleClaim))
	sweep(t, f)
	var order []string
	for _, r := range f.Requests() {
		if what, ok := strings.CutPrefix(r, http.MethodDelete+" "); ok {
			order = append(order, strings.Split(strings.TrimPrefix(what, "/"), "/")[0])
		}
	}
	assert.DeepEqual(t, slices.DeleteFunc(order, func(s string) bool { return s == "images" }), []string{"containers", "volumes", "networks", "volumes"})
}

// TestClaimStaysWithWhatItClaims: as long as something cannot be removed, the claim stays, too, since it has the owner.
func TestClaimStaysWithWhatItClaims(t *testing.T) {
	f := newFake(t)
	addAll(t, f, "x", owned(dead(), 0, label.Instance+"=x"))
	claim := owned(dead(), 0, label.Role+"="+label.RoleClaim, label.Instance+"=x")
	f.AddVolume("claim", claim)
	f.Fail(http.MethodDelete, "/networks/.*", http.StatusInternalServerError, "not now", 1)
	_, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.ErrorContains(t, err, "not now")
	assert.DeepEqual(t, f.VolumeLabels("claim"), claim)
	sweep(t, f)
	assert.Assert(t, f.VolumeLabels("claim") == nil)
}

// TestVolumeOfTheNextOneStays: a volume that had been made under the name of one that was found, and removed by another
// process, was removed in its place.
func TestVolumeOfTheNextOneStays(t *testing.T) {
	f := newFake(t)
	addAll(t, f, "x", owned(dead(), 0))
	next := owned(living(), 0)
	f.Before(http.MethodDelete, "/containers/.*", func(*http.Request) {
		assert.Check(t, f.Engine(t).CreateVolume(t.Context(), "x", next))
	})
	r := sweep(t, f)
	assert.Equal(t, len(r.Volumes), 0)
	assert.DeepEqual(t, f.VolumeLabels("x"), next)
}

// TestSweepOfWhatIsStillMade: the engine may create what a killed owner has asked for after its objects have been listed, or
// an owner may end between two lists. The volume was in use then, or the network went alone, and freed the instance's name.
func TestSweepOfWhatIsStillMade(t *testing.T) {
	for _, at := range []struct{ method, path string }{{"GET", "/networks"}, {"DELETE", "/volumes/.*"}} {
		f := newFake(t)
		empty := f.Objects()
		labels := owned(dead(), 0, label.Instance+"=x")
		_, err := f.AddNetwork("x", labels)
		assert.NilError(t, err)
		f.AddVolume("x", labels)
		var once atomic.Bool
		f.Before(at.method, at.path, func(*http.Request) {
			if once.Swap(true) {
				return
			}
			_, err := f.Engine(t).CreateContainer(t.Context(), engine.ContainerSpec{
				Name: "x-web", Image: "app:1", Labels: labels, Mounts: []engine.Mount{{Volume: "x", Target: "/data"}},
			})
			assert.Check(t, err)
		})
		sweep(t, f)
		assert.DeepEqual(t, f.Objects(), empty)
	}
}

// TestNameStaysWithWhatIsLeft: the network reserves the name of an instance as long as something has it.
func TestNameStaysWithWhatIsLeft(t *testing.T) {
	f := newFake(t)
	empty := f.Objects()
	addAll(t, f, "x", owned(dead(), 0, label.Instance+"=x"))
	f.Fail("DELETE", "/containers/.*", 500, "busy", 1)
	r, err := prune.Sweep(t.Context(), f.Engine(t), owner.View{})
	assert.ErrorContains(t, err, "busy")
	assert.Equal(t, len(r.Networks), 0)
	assert.Equal(t, len(sweep(t, f).Networks), 1)
	assert.DeepEqual(t, f.Objects(), empty)
}
