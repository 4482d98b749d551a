package instance

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// made creates a container of an instance directly.
func made(t *testing.T, e *engine.Engine, name, instance string, labels map[string]string, run bool) {
	t.Helper()
	l := map[string]string{
		label.Role: label.RoleInstance, label.Instance: instance, label.Service: name[strings.LastIndexByte(name, '-')+1:],
		label.Created: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC).Format(time.RFC3339Nano),
		label.Stack:   "demo", label.Key: "k", label.Flavor: "low",
	}
	for k, v := range labels {
		l[k] = v
	}
	id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: name, Image: "app:1", Labels: l})
	assert.NilError(t, err)
	if run {
		_, err = e.Start(t.Context(), id, nil, nil)
		assert.NilError(t, err)
	}
}

func TestStates(t *testing.T) {
	lead := map[string]string{label.Lead: "true"}
	for _, c := range []struct {
		name string
		make func(t *testing.T, f *enginetest.Fake, e *engine.Engine)
		want State
	}{
		{"network only", func(t *testing.T, _ *enginetest.Fake, _ *engine.Engine) { t.Helper() }, Starting},
		{"lead is starting", func(t *testing.T, _ *enginetest.Fake, e *engine.Engine) {
			t.Helper()
			made(t, e, "x-db", "x", nil, true)
			made(t, e, label.StartingName("x-web"), "x", lead, false)
		}, Starting},
		{"ready", func(t *testing.T, _ *enginetest.Fake, e *engine.Engine) {
			t.Helper()
			made(t, e, "x-db", "x", nil, true)
			made(t, e, "x-web", "x", lead, true)
		}, Ready},
		{"lead is gone", func(t *testing.T, _ *enginetest.Fake, e *engine.Engine) {
			t.Helper()
			made(t, e, "x-db", "x", nil, true)
		}, Starting},
		{"one has ended, before the lead", func(t *testing.T, f *enginetest.Fake, e *engine.Engine) {
			t.Helper()
			made(t, e, "x-a", "x", nil, true)
			made(t, e, "x-web", "x", lead, true)
			assert.NilError(t, e.StopContainer(t.Context(), "x-a", time.Minute))
		}, Broken},
		{"one has ended, after the lead", func(t *testing.T, f *enginetest.Fake, e *engine.Engine) {
			t.Helper()
			made(t, e, "x-web", "x", lead, true)
			made(t, e, "x-z", "x", nil, true)
			assert.NilError(t, e.StopContainer(t.Context(), "x-z", time.Minute))
		}, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := enginetest.New(t)
			f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
			e := f.Engine(t)
			_, err := f.AddNetwork("x", map[string]string{label.Role: label.RoleInstance, label.Instance: "x"})
			assert.NilError(t, err)
			c.make(t, f, e)
			list, err := List(t.Context(), e)
			assert.NilError(t, err)
			assert.Equal(t, len(list), 1)
			assert.Equal(t, list[0].State, c.want)
			assert.Equal(t, list[0].Status, map[State]string{Starting: "Starting", Ready: "Up", Broken: "Exited (0)"}[c.want])
		})
	}
}

// TestRemainsDoNotRun: what was left of a start that was killed, and whose network is gone, was listed as running.
func TestRemainsDoNotRun(t *testing.T) {
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	e := f.Engine(t)
	made(t, e, "docker-bmo-x-volume-data", "x", map[string]string{label.Service: "volume-data"}, false)
	list, err := List(t.Context(), e)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
	assert.Equal(t, list[0].State, Starting)
	assert.Equal(t, list[0].Status, "Starting")
}

func TestList(t *testing.T) {
	f := newFixture(t)
	_, err := f.AddNetwork("somebody-elses", nil)
	assert.NilError(t, err)
	first := f.start(t)
	f.req.Detach, f.req.Flavor = true, "regular"
	second := f.start(t)
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 2)
	for i, want := range []*Instance{second, first} { // newest first
		got := list[i]
		assert.Equal(t, got.Status, "Up")
		got.Labels, got.Env, got.Status = nil, want.Env, "" // the process that started it knows other fields than the engine
		assert.DeepEqual(t, &got, want)
	}
	for _, path := range []string{"/networks", "/containers/json"} {
		f.Fail("GET", path, 500, "no", 1)
		_, err = List(t.Context(), f.req.Engine)
		assert.ErrorContains(t, err, "no")
	}
}

func TestRemoveIsGraceful(t *testing.T) {
	f := newFixture(t)
	i := f.start(t)
	db := i.Services["db"]
	f.Before("DELETE", "/containers/"+db, func(*http.Request) {
		c, _ := f.Container(db)
		assert.Check(t, c.State == "exited" && c.ExitCode == 0)
	})
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, long))
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/stop"), 2)
	f.leavesNothing(t)
}

func TestRemoveAtOnce(t *testing.T) {
	f := newFixture(t)
	i := f.start(t)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	assert.Equal(t, f.Count("POST", "/containers/[^/]+/stop"), 0)
	f.leavesNothing(t)
}

func TestRemoveOfTheStubborn(t *testing.T) {
	f := newFixture(t)
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, func(net.Conn) {})
		return enginetest.Stubborn()(p)
	}
	i := f.start(t)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, long))
	f.leavesNothing(t)
}

func TestRemoveOfTheUnknown(t *testing.T) {
	f := newFixture(t)
	f.start(t)
	before := f.Objects()
	assert.NilError(t, Remove(t.Context(), f.req.Engine, &Instance{Name: "unknown"}, 0))
	assert.DeepEqual(t, f.Objects(), before)
}

func TestStory19RemovalTriesAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.start(t)
	f.Fail("DELETE", "/containers/.*", 500, "driver \"overlay2\" failed to remove root filesystem: device or resource busy", 1)
	f.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 1)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

func TestStory19RemovalSaysOnceWhatDoesNotGo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.start(t)
	f.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 1000)
	err := Remove(t.Context(), f.req.Engine, i, 0)
	assert.ErrorContains(t, err, "remove instance "+i.Name+": remove network ")
	assert.Equal(t, strings.Count(err.Error(), "active endpoints"), 1)
	assert.Equal(t, f.Count("DELETE", "/networks/.*"), 5)
}

// TestRemovedByTwo: it is no error if another process removes the same instance at the same time.
func TestRemovedByTwo(t *testing.T) {
	f := newFixture(t)
	i := f.start(t)
	other := f.EngineAs(t, "other")
	f.Before("DELETE", "/containers/.*", func(r *http.Request) {
		if r.Header.Get("From") == "" {
			assert.Check(t, Remove(t.Context(), other, i, 0))
		}
	})
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}
