package engine_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// newFake returns an engine that has an image called app.
func newFake(t *testing.T) (*enginetest.Fake, *engine.Engine) {
	t.Helper()
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app:latest"}})
	return f, f.Engine(t)
}

func create(t *testing.T, e *engine.Engine, s engine.ContainerSpec) string {
	t.Helper()
	if s.Image == "" {
		s.Image = "app"
	}
	id, err := e.CreateContainer(t.Context(), s)
	assert.NilError(t, err)
	return id
}

func TestCreateContainer(t *testing.T) {
	f, e := newFake(t)
	network, err := e.CreateNetwork(t.Context(), "net", nil, 0)
	assert.NilError(t, err)
	id := create(t, e, engine.ContainerSpec{
		Name: "web", Entrypoint: []string{"/start"}, Command: []string{"--fast"}, Environment: []string{"A=1", "B="},
		Labels: map[string]string{"l": "v"}, User: "app", WorkingDir: "/app", Hostname: "web.test", StopSignal: "SIGQUIT",
		Tmpfs: []string{"/tmp", "/run:size=1m,mode=755"}, Network: network, Aliases: []string{"web", "www"},
		Publish: map[int]int{80: 0, 81: 20000}, MemLimit: 1 << 20, ShmSize: 1 << 21, Init: true,
		Ulimits: map[string][2]int64{"nofile": {1024, 2048}},
	})
	c, ok := f.Container("web")
	assert.Assert(t, ok)
	assert.Equal(t, c.ID, id)
	assert.DeepEqual(t, []string(c.Config.Entrypoint), []string{"/start"})
	assert.DeepEqual(t, []string(c.Config.Cmd), []string{"--fast"})
	assert.DeepEqual(t, c.Config.Env, []string{"A=1", "B="})
	assert.DeepEqual(t, c.Config.Labels, map[string]string{"l": "v"})
	assert.Equal(t, strings.Join([]string{c.Config.User, c.Config.WorkingDir, c.Config.Hostname, c.Config.StopSignal}, " "), "app /app web.test SIGQUIT")
	assert.DeepEqual(t, c.Config.Healthcheck.Test, []string{"NONE"})
	assert.DeepEqual(t, c.Host.Tmpfs, map[string]string{"/tmp": "", "/run": "size=1m,mode=755"})
	assert.Equal(t, string(c.Host.NetworkMode), network)
	assert.Equal(t, c.Host.Memory, int64(1<<20))
	assert.Equal(t, c.Host.ShmSize, int64(1<<21))
	assert.Assert(t, *c.Host.Init)
	assert.Equal(t, c.Host.Ulimits[0].String(), "nofile=1024:2048")
	for port, public := range map[string]string{"80/tcp": "", "81/tcp": "20000"} {
		bindings := c.Host.PortBindings
		for p, b := range bindings {
			if string(p) == port {
				assert.Equal(t, b[0].HostIP, "127.0.0.1")
				assert.Equal(t, b[0].HostPort, public)
			}
		}
	}
	assert.Equal(t, len(c.Host.PortBindings), 2)
}

func TestContainers(t *testing.T) {
	_, e := newFake(t)
	a := create(t, e, engine.ContainerSpec{Name: "a", Labels: map[string]string{"role": "x", "n": "1"}, Publish: map[int]int{80: 0}})
	create(t, e, engine.ContainerSpec{Name: "b", Labels: map[string]string{"role": "x", "n": "2"}})
	create(t, e, engine.ContainerSpec{Name: "c"})
	_, err := e.Start(t.Context(), a, nil, nil)
	assert.NilError(t, err)

	names := func(labels ...string) (names []string) {
		list, err := e.Containers(t.Context(), labels...)
		assert.NilError(t, err)
		for _, c := range list {
			names = append(names, c.Name+" "+c.State)
		}
		return names
	}
	assert.DeepEqual(t, names(), []string{"a running", "b created", "c created"})
	assert.DeepEqual(t, names("role"), []string{"a running", "b created"})
	assert.DeepEqual(t, names("role=x", "n=2"), []string{"b created"})
	assert.Assert(t, names("role=y") == nil)

	port, err := e.PublishedPort(t.Context(), a, 80)
	assert.NilError(t, err)
	list, err := e.Containers(t.Context(), "n=1")
	assert.NilError(t, err)
	assert.DeepEqual(t, list[0].Ports, map[int]int{80: port})
	_, err = e.PublishedPort(t.Context(), a, 81)
	assert.ErrorContains(t, err, "port 81 of container /a is not published")
}

func TestNamesAreLocks(t *testing.T) {
	_, e := newFake(t)
	create(t, e, engine.ContainerSpec{Name: "a"})
	_, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "a", Image: "app"})
	assert.Assert(t, engine.IsConflict(err), "%v", err)
	b := create(t, e, engine.ContainerSpec{Name: "b"})
	err = e.Rename(t.Context(), b, "a")
	assert.Assert(t, engine.IsConflict(err), "%v", err)
	assert.NilError(t, e.Rename(t.Context(), b, "c"))
	_, err = e.CreateNetwork(t.Context(), "n", nil, 0)
	assert.NilError(t, err)
	_, err = e.CreateNetwork(t.Context(), "n", nil, 0)
	assert.Assert(t, engine.IsConflict(err), "%v", err)
}

func TestStory02AnonymousVolumesGoWithTheirContainer(t *testing.T) {
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"mysql:9"}, Volumes: []string{"/var/lib/mysql"}})
	e := f.Engine(t)
	before := f.Objects()
	id := create(t, e, engine.ContainerSpec{Name: "db", Image: "mysql:9"})
	_, err := e.Start(t.Context(), id, nil, nil)
	assert.NilError(t, err)
	assert.Equal(t, len(f.Objects()), len(before)+2) // with a volume
	assert.NilError(t, e.RemoveContainer(t.Context(), id))
	assert.DeepEqual(t, f.Objects(), before)
}

func TestWhatIsGoneIsNoErrorToRemove(t *testing.T) {
	_, e := newFake(t)
	ctx := t.Context()
	assert.NilError(t, e.RemoveContainer(ctx, "gone"))
	assert.NilError(t, e.RemoveNetwork(ctx, "gone"))
	assert.NilError(t, e.RemoveVolume(ctx, "gone"))
	assert.NilError(t, e.StopContainer(ctx, "gone", 0))
	_, _, err := e.RemoveImage(ctx, "gone")
	assert.Assert(t, engine.IsNotFound(err))
}

// TestMakingIsNotCutOff: a request whose response is cut off has been carried out all the same, and a caller who is not
// told what was made cannot remove it.
func TestMakingIsNotCutOff(t *testing.T) {
	f, e := newFake(t)
	running := create(t, e, engine.ContainerSpec{Name: "a"})
	for _, c := range []struct {
		path string
		make func(ctx context.Context) (id string, err error)
	}{
		{"/networks/create", func(ctx context.Context) (string, error) { return e.CreateNetwork(ctx, "n", nil, 0) }},
		{"/containers/create", func(ctx context.Context) (string, error) {
			return e.CreateContainer(ctx, engine.ContainerSpec{Name: "b", Image: "app"})
		}},
		{"/commit", func(ctx context.Context) (string, error) { return "-", e.Commit(ctx, running, "c:1", nil) }},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		f.After("POST", c.path, func(*http.Request) { cancel() })
		id, err := c.make(ctx)
		assert.NilError(t, err, c.path)
		assert.Assert(t, id != "")
	}
	assert.DeepEqual(t, f.Objects(), []string{"container a", "container b", "image app:latest", "image c:1", "network n"})
}

func TestNothingIsMadeForWhoHasGone(t *testing.T) {
	f, e := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := e.CreateNetwork(ctx, "n", nil, 0)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = e.CreateContainer(ctx, engine.ContainerSpec{Name: "b", Image: "app"})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Assert(t, !slices.ContainsFunc(f.Requests(), func(r string) bool { return strings.HasSuffix(r, "/create") }))
}

func TestNetworks(t *testing.T) {
	_, e := newFake(t)
	id, err := e.CreateNetwork(t.Context(), "n", map[string]string{"role": "x"}, 0)
	assert.NilError(t, err)
	_, err = e.CreateNetwork(t.Context(), "other", nil, 0)
	assert.NilError(t, err)
	list, err := e.Networks(t.Context(), "role=x")
	assert.NilError(t, err)
	assert.DeepEqual(t, list, []engine.Network{{ID: id, Name: "n", Labels: map[string]string{"role": "x"}}})
	assert.NilError(t, e.RemoveNetwork(t.Context(), id))
}

func TestNoAddressesLeft(t *testing.T) {
	f, e := newFake(t)
	f.Fail("POST", "/networks/create", 400, "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network", 1)
	_, err := e.CreateNetwork(t.Context(), "n", nil, 0)
	assert.Error(t, err, "create network n: the engine has no address range left for another network")
	assert.Equal(t, len(hint.All(err)), 1)
}

func TestVolumes(t *testing.T) {
	f, e := newFake(t)
	f.AddVolume("v", map[string]string{"role": "x"})
	f.AddVolume("w", nil)
	list, err := e.Volumes(t.Context(), "role")
	assert.NilError(t, err)
	assert.DeepEqual(t, list, []engine.Volume{{Name: "v", Labels: map[string]string{"role": "x"}}})
	assert.NilError(t, e.RemoveVolume(t.Context(), "v"))
}

// TestRemovalBySomebodyElse: a removal that another process has begun is waited for.
func TestRemovalBySomebodyElse(t *testing.T) {
	const busy = "removal of container c is already in progress"
	for _, question := range []string{"wait", ""} { // the container is gone during the wait, or before it
		f, e := newFake(t)
		other := f.EngineAs(t, "other")
		id := create(t, e, engine.ContainerSpec{Name: "c"})
		f.Fail("DELETE", "/containers/.*", 409, busy, 1)
		remove := func(r *http.Request) {
			if r.Header.Get("From") == "" {
				assert.Check(t, other.RemoveContainer(context.WithoutCancel(r.Context()), id))
			}
		}
		if question == "wait" {
			f.Before("POST", "/containers/[^/]+/wait", func(r *http.Request) { go remove(r) })
		} else {
			f.Before("POST", "/containers/[^/]+/wait", remove)
		}
		assert.NilError(t, e.RemoveContainer(t.Context(), id))
		assert.DeepEqual(t, f.Objects(), []string{"image app:latest"})
	}

	f, e := newFake(t)
	id := create(t, e, engine.ContainerSpec{Name: "c"})
	f.Fail("DELETE", "/containers/.*", 409, busy, 1)
	ctx, cancel := context.WithCancel(t.Context())
	f.Before("POST", "/containers/[^/]+/wait", func(*http.Request) { cancel() })
	assert.ErrorContains(t, e.RemoveContainer(ctx, id), busy)
}
