package instance

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// replace puts another snapshot on the engine in place of the fixture's, changed by the function, and files of the
// carriers of its volumes.
func (f *fixture) replace(t *testing.T, change func(*snapshot.Snapshot), files map[string]enginetest.File) {
	t.Helper()
	s := snapshottest.New("demo", "fedcba9876543210", time.Now(), "db", "web")
	change(&s)
	snapshottest.Add(f.Fake, s)
	for _, name := range s.Volumes {
		part := label.Volume(name)
		labels := s.Labels()
		labels[label.Service] = part
		f.AddImage(enginetest.Image{
			ID: snapshottest.ID(s, part), Tags: []string{snapshot.Tag(s.Stack, part, s.Key)}, Labels: labels, Created: s.Created, Files: files,
		})
	}
	found, err := snapshot.FindKey(t.Context(), f.req.Engine, s.Key)
	assert.NilError(t, err)
	f.req.Snapshot = found
	f.before = f.Objects()
}

// withUploads gives both services a volume that the snapshot has content for.
func (f *fixture) withUploads(t *testing.T) {
	f.replace(t, func(s *snapshot.Snapshot) { s.Volumes = []string{"uploads"} },
		map[string]enginetest.File{"/volume/logo.png": {Content: "logo", Mode: 0o640, UID: 33, GID: 34}})
	for i := range f.req.Stack.Services {
		f.req.Stack.Services[i].Mounts = []stack.Mount{{Target: "/up", Volume: "uploads", Shared: true, ReadOnly: i == 0}}
	}
}

// TestVolumesOfInstances: each instance has its own, shared by its services, with the content of the snapshot.
func TestVolumesOfInstances(t *testing.T) {
	f := newFixture(t)
	f.withUploads(t)
	a, b := f.start(t), f.start(t)
	for _, i := range []*Instance{a, b} {
		for _, service := range []string{"db", "web"} {
			got, ok := f.File(i.Services[service], "/up/logo.png")
			assert.Assert(t, ok)
			assert.DeepEqual(t, got, enginetest.File{Content: "logo", Mode: 0o640, UID: 33, GID: 34})
		}
		c, _ := f.Container(i.Services["db"])
		m := c.Host.Mounts[0]
		assert.Equal(t, m.Source, "docker-bmo-"+i.Name+"-volume-uploads")
		assert.Assert(t, m.ReadOnly && m.VolumeOptions.NoCopy)
		labels := f.VolumeLabels(m.Source)
		assert.Equal(t, labels[label.Instance]+" "+labels[label.Role]+" "+labels[label.Key], i.Name+" instance "+i.Key)
		assert.Assert(t, labels[label.Owner] != "" && labels[label.Created] != "" && labels[label.Stack] == "demo")
	}
	// Nobody else is listed.
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.DeepEqual(t, list[0].ServiceNames(), []string{"db", "web"})

	assert.NilError(t, Remove(t.Context(), f.req.Engine, a, 0))
	assert.NilError(t, Remove(t.Context(), f.req.Engine, b, 0))
	f.leavesNothing(t)
}

func TestVolumesAreGoneWhenTheStartFails(t *testing.T) {
	for _, path := range []string{"/volumes/create", "/containers/create", "/containers/[^/]+/start"} {
		f := newFixture(t)
		f.withUploads(t)
		f.Fail("POST", path, 500, "no", 1)
		_, err := Start(t.Context(), f.req)
		assert.ErrorContains(t, err, "no")
		f.leavesNothing(t)
	}
}

// TestR10VolumeGoesDuringTheStart: `docker volume prune --all` takes volumes that no container has yet. The engine made an empty
// one in its place for the container, without labels: the instance ran without its content, and the volume was left.
func TestR10VolumeGoesDuringTheStart(t *testing.T) {
	for _, often := range []int{1, 1000} {
		f := newFixture(t)
		f.withUploads(t)
		prune := f.EngineAs(t, "prune")
		creates, done := 0, 0
		f.Before("POST", "/containers/create", func(*http.Request) {
			if creates++; creates%3 != 2 || done == often { // after the one that fills the volume
				return
			}
			done++
			list, err := prune.Volumes(t.Context(), label.Instance)
			assert.Check(t, err)
			for _, v := range list {
				assert.Check(t, prune.RemoveVolume(t.Context(), v.Name))
			}
		})
		i, err := Start(t.Context(), f.req)
		if often == 1 {
			assert.NilError(t, err)
			for _, service := range []string{"db", "web"} {
				_, ok := f.File(i.Services[service], "/up/logo.png")
				assert.Assert(t, ok, service)
			}
			assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
		} else {
			var removed *engine.RemovedError
			assert.Assert(t, errors.As(err, &removed), "%v", err)
			assert.Assert(t, strings.Contains(strings.Join(hint.All(err), "\n"), "volume prune"))
		}
		assert.Assert(t, done > 0)
		f.leavesNothing(t)
	}
}

// TestSecretsOfInstances: they are there when the program starts, below a read-only filesystem, too.
func TestSecretsOfInstances(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*stack.Service)
		own    string // the path of a volume of the container's own
	}{
		{"plain", func(*stack.Service) {}, ""},
		{"read-only", func(s *stack.Service) { s.Settings.ReadOnly = true }, "/run/secrets"},
		{"below a tmpfs", func(s *stack.Service) { s.Tmpfs = []string{"/run:size=1m"} }, "/run/secrets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			web := &f.req.Stack.Services[1]
			web.Files = []stack.File{{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "s3cret"}, UID: 7, Mode: 0o400}}
			c.change(web)
			seen := make(chan enginetest.File, 1)
			serve := f.programs["web"]
			f.programs["web"] = func(p *enginetest.Proc) int {
				file, _ := p.ReadFile("/run/secrets/key")
				seen <- file
				return serve(p)
			}
			i := f.start(t)
			assert.DeepEqual(t, <-seen, enginetest.File{Content: "s3cret", Mode: 0o400, UID: 7})
			ctr, _ := f.Container(i.Services["web"])
			assert.Equal(t, len(ctr.Host.Mounts) == 1, c.own != "")
			if c.own != "" {
				assert.Equal(t, ctr.Host.Mounts[0].Target, c.own)
			}
			assert.Assert(t, !strings.Contains(fmt.Sprint(ctr.Config, ctr.Host), "s3cret"))
			assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
			f.leavesNothing(t)
		})
	}
}

// TestOneShotsAreNoPartOfInstances: not even if the snapshot of the stack has been made of them.
func TestOneShotsAreNoPartOfInstances(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services = slices.Insert(f.req.Stack.Services, 1, stack.Service{Name: "migrate", OneShot: true, DependsOn: []string{"db"}})
	f.req.Stack.Services[2].DependsOn = []string{"db", "migrate"}
	i := f.start(t)
	assert.DeepEqual(t, i.ServiceNames(), []string{"db", "web"})
	d, err := Inspect(t.Context(), f.req.Engine, i.Name)
	assert.NilError(t, err)
	assert.Equal(t, len(d.Services), 2)
	_, err = ParsePublish(f.req.Stack, []string{"migrate:80"})
	assert.Error(t, err, `invalid --publish "migrate:80": service migrate runs to its end in the bootstrap: instances have none`)
}

// P10: the host name is the service's, as in the bootstrap.
func TestP10HostName(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[1].Hostname = "shop.test"
	i := f.start(t)
	db, _ := f.Container(i.Services["db"])
	web, _ := f.Container(i.Services["web"])
	assert.Equal(t, db.Config.Hostname+" "+web.Config.Hostname, "db shop.test")
}

// worker adds a service that nobody waits for, and which the others do not wait for.
func (f *fixture) worker(t *testing.T, p enginetest.Program) {
	f.replace(t, func(s *snapshot.Snapshot) { s.Services = []string{"db", "web", "worker"} }, nil)
	f.req.Stack.Services = append(f.req.Stack.Services, stack.Service{Name: "worker", Ready: stack.Ready{Image: true}})
	f.programs["worker"] = p
}

// U3: an instance goes on when a service has done its work.
func TestU3WorkDone(t *testing.T) {
	f := newFixture(t)
	f.worker(t, enginetest.Exit(0, "done"))
	i := f.start(t)
	assert.DeepEqual(t, i.MayEnd, []string{"worker"})
	_, err := f.req.Engine.ExitCode(t.Context(), i.Services["worker"])
	assert.NilError(t, err)
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, list[0].State, Ready)
	assert.Equal(t, list[0].Status, "Up")
	assert.DeepEqual(t, list[0].MayEnd, []string{"worker"})
}

// U3: any other end before the instance is ready fails.
func TestU3WorkFailed(t *testing.T) {
	f := newFixture(t)
	f.worker(t, enginetest.Exit(4, "no queue"))
	f.programs["web"] = enginetest.Serve() // never ready
	_, err := Start(t.Context(), f.req)
	assert.Error(t, err, "service worker: ended with exit code 4 before it was ready\nlast lines of worker:\n  no queue")
	f.leavesNothing(t)
}

// U3: one that fails later breaks the instance.
func TestU3WorkFailsLater(t *testing.T) {
	f := newFixture(t)
	f.worker(t, enginetest.Serve())
	i := f.start(t)
	assert.NilError(t, f.req.Engine.Signal(t.Context(), i.Services["worker"], "KILL"))
	_, err := f.req.Engine.ExitCode(t.Context(), i.Services["worker"])
	assert.NilError(t, err)
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, list[0].State, Broken)
}

// U11: an application that keeps its address in the database is told of it at each start.
func TestU11StepsOfAStart(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.URL.Path = "/shop"
	f.req.Stack.Start = []stack.Step{
		{Service: "web", Command: []string{"check"}, Exec: true, Environment: map[string]string{"AT": "{{.URL}}"}},
		{Service: "web", Command: []string{"migrate"}, User: "root", Environment: map[string]string{"NAME": "{{.Instance}}"}},
		{Service: "db", Command: []string{"set-url"}, Exec: true, Environment: map[string]string{"URL": "{{.URL}}"}},
	}
	var mu sync.Mutex
	var done []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, what)
	}
	f.SetCommand(func(x *enginetest.Exec) int {
		note("exec " + strings.Join(append(x.Options.Cmd, x.Options.Env...), " "))
		return 0
	})
	programs := f.programs
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		return func(p *enginetest.Proc) int {
			if strings.HasSuffix(s.Name, "-step") {
				c, _ := f.Container(s.Name)
				note("run " + strings.Join(s.Command, " ") + " NAME=" + p.Getenv("NAME") + " as " + c.Config.User)
				list, err := List(t.Context(), f.req.Engine)
				assert.Check(t, err)
				assert.Check(t, list[0].State == Starting && len(list[0].Services) == 2)
				return 0
			}
			note("start " + s.Labels[label.Service])
			return programs[s.Labels[label.Service]](p)
		}
	})
	i := f.start(t)
	assert.Assert(t, strings.HasSuffix(i.URL, "/shop"), i.URL)
	assert.DeepEqual(t, done, []string{
		"start db", "exec set-url URL=" + i.URL, "run migrate NAME=" + i.Name + " as root", "start web", "exec check AT=" + i.URL,
	})
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, list[0].URL, i.URL)
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

func TestU11StepFails(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Start = []stack.Step{{Service: "db", Command: []string{"set-url"}, Exec: true}}
	f.SetCommand(func(x *enginetest.Exec) int { fmt.Fprintln(x.Stdout, "no table options"); return 3 })
	_, err := Start(t.Context(), f.req)
	assert.Error(t, err, "start step 1 of 1: `set-url` in service db ended with exit code 3; its last lines:\n  no table options")
	var step *launch.StepError
	assert.Assert(t, errors.As(err, &step))
	assert.DeepEqual(t, hint.All(err), []string{"fix the step under x-bmo.start, and what it needs, then start again"})
	f.leavesNothing(t)
}

func TestU11StepTakesTooLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.req.Stack.Start = []stack.Step{{Service: "web", Command: []string{"sleep"}, Timeout: 50 * time.Millisecond}}
	db := f.programs["db"]
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] == "db" {
			return db
		}
		return enginetest.Stubborn()
	})
	_, err := Start(t.Context(), f.req)
	assert.Error(t, err, "start step 1 of 1: `sleep` in service web did not end within 50ms")
	f.leavesNothing(t)
}

// TestU11AddressThatIsTaken: a step has told the database of an address that another program has taken since. The
// instance is started anew with another one.
func TestU11AddressThatIsTaken(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Start = []stack.Step{{Service: "db", Command: []string{"set-url"}, Exec: true, Environment: map[string]string{"URL": "{{.URL}}"}}}
	var told []string
	f.SetCommand(func(x *enginetest.Exec) int { told = append(told, x.Options.Env[0]); return 0 })
	var once sync.Once
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		c, _ := f.Container(strings.Split(r.URL.Path, "/")[2])
		if c.Config.Labels[label.Service] != "web" {
			return
		}
		once.Do(func() {
			for _, b := range c.Host.PortBindings {
				l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", b[0].HostPort))
				assert.Check(t, err)
				t.Cleanup(func() { l.Close() })
			}
		})
	})
	i := f.start(t)
	assert.Equal(t, len(told), 2)
	assert.Equal(t, told[1], "URL="+i.URL)
	assert.Assert(t, told[0] != told[1])
}

// TestR10PruneDuringTheStart: `docker container prune` and `docker network prune` take what does not run yet. The instance is
// started anew, a few times.
func TestR10PruneDuringTheStart(t *testing.T) {
	for _, what := range []string{"container", "network", "going"} {
		for _, often := range []int{2, 1000} {
			t.Run(fmt.Sprint(what, often), func(t *testing.T) {
				f := newFixture(t)
				prune := f.EngineAs(t, "prune")
				done := 0
				f.Before("POST", "/containers/.*/start", func(r *http.Request) {
					if done++; done > often {
						return
					}
					id := strings.Split(r.URL.Path, "/")[2]
					if what == "going" {
						return // it is still there
					}
					if what == "network" {
						c, _ := f.Container(id)
						assert.Check(t, prune.RemoveNetwork(t.Context(), string(c.Host.NetworkMode)))
						return
					}
					assert.Check(t, prune.RemoveContainer(t.Context(), id))
				})
				if what == "going" {
					f.Fail("POST", "/containers/.*/start", http.StatusConflict, "container is marked for removal and cannot be started", often)
				}
				_, err := Start(t.Context(), f.req)
				if often == 2 {
					assert.NilError(t, err)
					return
				}
				var removed *engine.RemovedError
				assert.Assert(t, errors.As(err, &removed), "%v", err)
				assert.Assert(t, strings.Contains(strings.Join(hint.All(err), "\n"), "docker container prune"))
				f.leavesNothing(t)
			})
		}
	}
}
