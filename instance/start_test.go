package instance

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/probe"
)

func TestStart(t *testing.T) {
	f := newFixture(t)
	i := f.start(t)
	assert.Assert(t, regexp.MustCompile(`^demo-[0-9a-f]{6}$`).MatchString(i.Name), i.Name)
	assert.Equal(t, i.Stack+" "+i.Flavor+" "+string(i.State), "demo low running")
	assert.Equal(t, i.Key, f.req.Snapshot.Key)
	assert.Assert(t, !i.Detached)
	assert.DeepEqual(t, i.Env, map[string]string{"BMO_URL": i.URL, "BMO_INSTANCE": i.Name})

	resp, err := http.Get(i.URL)
	assert.NilError(t, err)
	assert.NilError(t, resp.Body.Close())

	want := slices.Concat(f.before, []string{
		"container docker-bmo-" + i.Name + "-db", "container docker-bmo-" + i.Name + "-web", "network docker-bmo-" + i.Name,
	})
	slices.Sort(want)
	assert.DeepEqual(t, f.Objects(), want)

	db, _ := f.Container(i.Services["db"])
	assert.Equal(t, db.Image, f.req.Snapshot.Images["db"].ID)
	labels := db.Config.Labels
	assert.Assert(t, labels[label.Created] != "")
	for _, ofImage := range []string{label.Created, label.Inputs, label.Services, label.Version} {
		delete(labels, ofImage)
	}
	assert.DeepEqual(t, labels, map[string]string{
		label.Role: label.RoleInstance, label.Instance: i.Name, label.Key: i.Key,
		label.Stack: "demo", label.Service: "db", label.Flavor: "low",
		label.Owner: owner.Current().String(),
	})
	web, _ := f.Container(i.Services["web"])
	assert.Equal(t, web.Config.Labels[label.Lead], "true")
	assert.Equal(t, web.Config.Labels[label.URL], i.URL)

	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

func TestStory01InstancesAreIsolated(t *testing.T) {
	f := newFixture(t)
	const n = 4
	var wg sync.WaitGroup
	instances := make([]*Instance, n)
	for i := range n {
		wg.Go(func() {
			inst, err := Start(t.Context(), f.req)
			assert.Check(t, err)
			instances[i] = inst
		})
	}
	wg.Wait()
	networks, urls := map[string]bool{}, map[string]bool{}
	for _, i := range instances {
		urls[i.URL] = true
		for service, id := range i.Services {
			c, _ := f.Container(id)
			networks[string(c.Host.NetworkMode)] = true
			if service == "db" {
				assert.Equal(t, len(c.Host.PortBindings), 0) // only the application's port can be reached
			}
			for _, b := range c.Host.PortBindings {
				assert.Equal(t, b[0].HostIP, "127.0.0.1")
			}
		}
	}
	assert.Equal(t, len(networks), n)
	assert.Equal(t, len(urls), n)
}

func TestStory10AddressIsEnvironmentAtEveryStart(t *testing.T) {
	f := newFixture(t)
	for range 2 {
		i := f.start(t)
		web, _ := f.Container(i.Services["web"])
		assert.DeepEqual(t, web.Config.Env, []string{"NAME=" + i.Name, "URLBASE=" + i.URL + "/"})
		db, _ := f.Container(i.Services["db"])
		assert.Equal(t, len(db.Config.Env), 0)
	}
}

// TestPortsStay: a port that the engine picks is another one each time that the container starts, so it picks none, even if
// the application need not know its address.
func TestPortsStay(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.URL.Environment = nil
	f.req.Publish = []Publish{{Service: "db", Port: 3306}}
	i := f.start(t)
	for service, port := range map[string]int{"web": f.req.Stack.URL.Port, "db": 3306} {
		c, _ := f.Container(i.Services[service])
		for _, b := range c.Host.PortBindings {
			assert.Equal(t, b[0].HostPort, strconv.Itoa(i.Ports[service][port]))
		}
	}
	assert.Assert(t, regexp.MustCompile(`^http://127\.0\.0\.1:[1-9][0-9]+$`).MatchString(i.URL), i.URL)
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, list[0].URL, i.URL)
}

func TestStory11LowMemoryIsTheDefault(t *testing.T) {
	f := newFixture(t)
	for flavor, want := range map[string]string{"": "", "low": "", "regular": "SIZE=regular"} {
		f.req.Flavor = flavor
		i := f.start(t)
		db, _ := f.Container(i.Services["db"])
		assert.Equal(t, strings.Join(db.Config.Env, " "), want)
	}
}

func TestPortIsTaken(t *testing.T) {
	f := newFixture(t)
	taken := 0
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		c, _ := f.Container(strings.Split(r.URL.Path, "/")[2])
		if c.Config.Labels[label.Service] == "db" || taken == 3 {
			return
		}
		taken++
		for _, b := range c.Host.PortBindings { // another program takes it at the last moment
			l, err := net.Listen("tcp", net.JoinHostPort(b[0].HostIP, b[0].HostPort))
			assert.Check(t, err)
			t.Cleanup(func() { _ = l.Close() })
		}
	})
	i := f.start(t)
	assert.Equal(t, taken, 3)
	web, _ := f.Container(i.Services["web"])
	assert.DeepEqual(t, web.Config.Env, []string{"NAME=" + i.Name, "URLBASE=" + i.URL + "/"})
	assert.Equal(t, web.Config.Labels[label.URL], i.URL)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

func TestAllPortsAreTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.After("POST", "/containers/[^/]+/start", func(*http.Request) { // that of db; all others are of web
		f.Fail("POST", "/containers/[^/]+/start", 500, "Bind for 127.0.0.1:20000 failed: port is already allocated", 1000)
	})
	_, err := Start(t.Context(), f.req)
	assert.ErrorContains(t, err, "port is already allocated")
	assert.DeepEqual(t, hint.All(err), []string{"too many ports on 127.0.0.1 are taken: stop instances or other programs"})
	f.leavesNothing(t)
}

func TestNameIsTaken(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "mine"
	first := f.start(t)
	assert.Equal(t, first.Name, "mine")
	before := f.Objects()
	_, err := Start(t.Context(), f.req)
	assert.Error(t, err, "an instance named mine is there already")
	assert.DeepEqual(t, hint.All(err), []string{"choose another name, or remove it: `docker bmo stop mine`"})
	assert.DeepEqual(t, f.Objects(), before) // the first one is unchanged
}

func TestMadeUpNameIsTaken(t *testing.T) {
	f := newFixture(t)
	f.Fail("POST", "/networks/create", 409, "network with name x already exists", 3)
	f.start(t)
	assert.Equal(t, f.Count("POST", "/networks/create"), 4)

	f.Fail("POST", "/networks/create", 409, "network with name x already exists", 1000)
	_, err := Start(t.Context(), f.req)
	assert.ErrorContains(t, err, "already exists")
}

func TestDetached(t *testing.T) {
	f := newFixture(t)
	f.req.Detach = true
	i := f.start(t)
	assert.Assert(t, i.Detached)
	for _, id := range i.Services {
		c, _ := f.Container(id)
		assert.Equal(t, c.Config.Labels[label.Detached], "true")
	}
}

// TestStartingCanBeSeen: until the instance is ready, its lead container has another name, so that an instance whose
// maker was killed can be told from one that is meant to stay.
func TestStartingCanBeSeen(t *testing.T) {
	f := newFixture(t)
	f.req.Detach = true
	var during []Instance
	f.Before("POST", "/containers/[^/]+/rename", func(*http.Request) {
		var err error
		during, err = List(t.Context(), f.req.Engine)
		assert.Check(t, err)
	})
	i := f.start(t)
	assert.Equal(t, len(during), 1)
	assert.Equal(t, during[0].State, Starting)
	assert.Equal(t, during[0].URL, i.URL)
	after, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, after[0].State, Ready)
}

func TestStartFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(*fixture)
		want  string
	}{
		{"no network", func(f *fixture) { f.Fail("POST", "/networks/create", 500, "no bridges", 1) }, "no bridges"},
		{"no container", func(f *fixture) { f.Fail("POST", "/containers/create", 500, "no space", 1) }, "no space"},
		{"image is gone", func(f *fixture) {
			_, _, _ = f.req.Engine.RemoveImage(context.Background(), f.req.Snapshot.Images["web"].Tags[0])
			f.before = f.Objects()
		}, "No such image"},
		{"does not start", func(f *fixture) { f.Fail("POST", "/containers/[^/]+/start", 500, "no cgroups", 1) }, "service db: start container: "},
		{
			"database ends", func(f *fixture) { f.programs["db"] = enginetest.Exit(1, "corrupt") },
			"service db: ended with exit code 1 before it was ready\nlast lines of db:\n  corrupt",
		},
		{
			"web ends", func(f *fixture) { f.programs["web"] = enginetest.Exit(2, "syntax error") },
			"service web: ended with exit code 2 before it was ready\nlast lines of web:\n  syntax error",
		},
		{"web ends, told no address", func(f *fixture) {
			f.req.Stack.URL.Environment = nil
			f.programs["web"] = enginetest.Exit(2, "syntax error")
		}, "service web: ended with exit code 2 before it was ready\nlast lines of web:\n  syntax error"},
		{"not renamed", func(f *fixture) { f.Fail("POST", "/containers/[^/]+/rename", 500, "no renaming", 1) }, "no renaming"},
		{"bad template", func(f *fixture) { f.req.Stack.Env = map[string]string{"X": "{{.Nonsense}}"} }, "Nonsense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			c.fault(f)
			i, err := Start(t.Context(), f.req)
			assert.ErrorContains(t, err, c.want)
			assert.Assert(t, i == nil)
			f.leavesNothing(t)
		})
	}
}

func TestNotReadyInTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.programs["db"] = enginetest.Serve("recovering")
	f.req.Timeout = 50 * time.Millisecond
	_, err := Start(t.Context(), f.req)
	var late *probe.NotReadyError
	assert.Assert(t, errors.As(err, &late), "%v", err)
	assert.ErrorContains(t, err, "last lines of db:\n  recovering")
	f.leavesNothing(t)
}

// TestWhatCannotBeClearedIsSaid: the error of the removal is reported in addition to the first one.
func TestWhatCannotBeClearedIsSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.programs["db"] = enginetest.Exit(1)
	f.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 1000)
	_, err := Start(t.Context(), f.req)
	assert.ErrorContains(t, err, "service db: ended with exit code 1")
	assert.ErrorContains(t, err, "remove instance ")
	assert.ErrorContains(t, err, "active endpoints")
}

// TestCancelledAtAnyPoint: nothing is left, whenever the context ends: before or after the engine has done what it was
// asked for.
func TestCancelledAtAnyPoint(t *testing.T) {
	t.Parallel()
	enginetest.CancelAtEach(t, "/(containers|networks|exec).*", 5, func() enginetest.Attempt {
		f := newFixture(t)
		var i *Instance
		return enginetest.Attempt{
			Fake:   f.Fake,
			Run:    func(ctx context.Context) (err error) { i, err = Start(ctx, f.req); return err },
			Failed: func() { f.leavesNothing(t) },
			Done:   func() { assert.Equal(t, i.State, Ready) },
		}
	})
}

// TestR17SecretsOfAnInstance: services and the test command are told the same, other instances other ones, and no label has
// any.
func TestR17SecretsOfAnInstance(t *testing.T) {
	f := newFixture(t)
	secret := `{{.Secret "key"}}`
	f.req.Stack.Env = map[string]string{"KEY": secret}
	f.req.Stack.URL.Environment = map[string]string{"OF_URL": secret}
	for i := range f.req.Stack.Services {
		f.req.Stack.Services[i].Environment = map[string]string{"OF_SERVICE": secret, "PLAIN": "{{.URL}}"}
	}
	one, err := Start(t.Context(), f.req)
	assert.NilError(t, err)
	two, err := Start(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, len(one.Env["KEY"]) == 26 && one.Env["KEY"] != two.Env["KEY"])
	db, _ := f.Container(one.Services["db"])
	assert.DeepEqual(t, db.Config.Env, []string{"OF_SERVICE=" + one.Env["KEY"], "PLAIN={{.URL}}"})
	web, _ := f.Container(one.Services["web"])
	for _, want := range []string{"OF_SERVICE=", "OF_URL="} {
		assert.Assert(t, slices.Contains(web.Config.Env, want+one.Env["KEY"]), "%v", web.Config.Env)
	}
	for name, value := range web.Config.Labels {
		assert.Assert(t, !strings.Contains(value, one.Env["KEY"]), name)
	}
}
