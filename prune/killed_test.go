package prune_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// long is a timeout that no test reaches unless something hangs.
const long = time.Minute

// changes matches the requests that change what is on the engine.
const changes = "/networks/.+|/volumes/.+|/containers/create|/containers/[^/]+(/start|/kill|/rename|/pause|/unpause|/archive)?|/commit|/images/.+|/seal"

// victim runs fn as a process that is killed at the nth change on the engine: from then on, no request of it gets
// through. inspect is called with what it leaves. It returns whether fn came that far.
func victim(t *testing.T, f *enginetest.Fake, n int, fn func(context.Context, *engine.Engine) error, inspect func()) bool {
	t.Helper()
	frozen, release := make(chan struct{}), make(chan struct{})
	changing := regexp.MustCompile("^(?:" + changes + ")$")
	var mu sync.Mutex
	count := 0
	f.Before("", ".*", func(r *http.Request) {
		if r.Header.Get("From") != "victim" && r.URL.Path != "/seal" {
			return
		}
		mu.Lock()
		if changing.MatchString(r.URL.Path) && r.Method != http.MethodGet {
			if count++; count == n {
				close(frozen)
			}
		}
		late := count >= n
		mu.Unlock()
		if late {
			<-release
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- fn(ctx, f.EngineAs(t, "victim")) }()
	select {
	case err := <-done:
		assert.NilError(t, err)
		cancel()
		return false
	case <-frozen:
		inspect()
		cancel()
		close(release)
		<-done
		return true
	}
}

// swept sweeps until ok accepts what is on the engine. Once is enough, except for requests that were on their way.
func swept(t *testing.T, f *enginetest.Fake, ok func() bool) {
	t.Helper()
	e := f.Engine(t)
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if _, err := prune.Sweep(t.Context(), e, owner.View{}); err != nil {
			return poll.Continue("%v", err)
		}
		if !ok() {
			return poll.Continue("left: %s", f.Objects())
		}
		return poll.Success()
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(10*time.Second))
}

func app() *stack.Stack {
	return &stack.Stack{
		Name: "demo",
		Services: []stack.Service{
			{Name: "db", Snapshot: true, StopGracePeriod: long, Ready: stack.Ready{TCP: &stack.TCP{Port: 3306}}},
			{
				Name: "web", Snapshot: true, StopGracePeriod: long, DependsOn: []string{"db"},
				Ready: stack.Ready{HTTP: &stack.HTTP{Port: 8000, MinStatus: 200, MaxStatus: 399}},
			},
		},
		Bootstrap: []stack.Step{{Service: "web", Command: []string{"load"}}},
		URL:       stack.URL{Service: "web", Port: 8000},
	}
}

// appEngine returns an engine that can run the application.
func appEngine(t *testing.T) *enginetest.Fake {
	t.Helper()
	f := enginetest.New(t)
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		switch {
		case len(s.Command) > 0:
			return enginetest.Exit(0)
		case s.Labels[label.Service] == "db":
			return enginetest.Listening(3306)
		default:
			return func(p *enginetest.Proc) int {
				p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
				return p.UntilStopped(0)
			}
		}
	})
	return f
}

func TestStory20BootstrapKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		f := appEngine(t)
		want := snapshottest.New("demo", "a", time.Now(), "db", "web")
		built := map[string]string{}
		for _, s := range want.Services {
			built[s] = "docker-bmo/demo-" + s + ":built"
			f.AddImage(enginetest.Image{Tags: []string{built[s]}, Labels: owned(dead(), 0, label.Role+"="+label.RoleBuilt)})
		}
		reached := victim(t, f, n, func(ctx context.Context, e *engine.Engine) error {
			_, err := bootstrap.Run(ctx, bootstrap.Request{
				Engine: e, Stack: app(), Snapshot: want, Built: built, Platform: "linux/amd64", Owner: dead(),
				Journal: journal.New(nil), Sealer: f,
			})
			return err
		}, func() {
			whole := []string{"image " + snapshot.Tag("demo", "db", want.Key), "image " + snapshot.Tag("demo", "web", want.Key)}
			swept(t, f, func() bool { return len(f.Objects()) == 0 || slices.Equal(f.Objects(), whole) })
			s, err := snapshot.FindKey(t.Context(), f.Engine(t), want.Key)
			assert.NilError(t, err)
			assert.Equal(t, s != nil, len(f.Objects()) > 0) // all or nothing
		})
		if !reached {
			assert.Assert(t, n > 15, "only %d changes", n)
			return
		}
	}
}

// TestCheckpointKilledAtAnyPoint: what is left is nothing, a whole checkpoint, or that and a whole snapshot.
func TestCheckpointKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	st := app()
	st.Bootstrap[0].Checkpoint = true
	st.Bootstrap = append(st.Bootstrap, stack.Step{Service: "web", Command: []string{"more"}})
	seen := map[int]bool{}
	for n := 1; ; n++ {
		f := appEngine(t)
		want := snapshottest.New("demo", "a", time.Now(), "db", "web")
		check := snapshottest.New("demo", "c", time.Now(), "db", "web")
		check.AfterStep = 1
		built := map[string]string{}
		for _, s := range want.Services {
			built[s] = "docker-bmo/demo-" + s + ":built"
			f.AddImage(enginetest.Image{Tags: []string{built[s]}, Labels: owned(dead(), 0, label.Role+"="+label.RoleBuilt)})
		}
		reached := victim(t, f, n, func(ctx context.Context, e *engine.Engine) error {
			_, err := bootstrap.Run(ctx, bootstrap.Request{
				Engine: e, Stack: st, Snapshot: want, Built: built, Platform: "linux/amd64", Owner: dead(),
				Journal: journal.New(nil), Sealer: f, Checkpoints: []bootstrap.Checkpoint{{Snapshot: check}},
			})
			return err
		}, func() {
			var whole int
			swept(t, f, func() bool {
				list, err := snapshot.All(t.Context(), f.Engine(t))
				assert.NilError(t, err)
				list = slices.DeleteFunc(list, func(s snapshot.Snapshot) bool { return !s.Complete() })
				whole = len(list)
				return len(f.Objects()) == 2*whole
			})
			seen[whole] = true
			made, err := snapshot.FindKey(t.Context(), f.Engine(t), want.Key)
			assert.NilError(t, err)
			assert.Equal(t, made != nil, whole == 2)
		})
		if !reached {
			assert.Assert(t, n > 25 && seen[0] && seen[1] && seen[2], "%d changes, %v", n, seen)
			return
		}
	}
}

func TestStory20StartKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	for _, detach := range []bool{false, true} {
		for n := 1; ; n++ {
			f := appEngine(t)
			s := snapshottest.New("demo", "a", time.Now(), "db", "web")
			snapshottest.Add(f, s)
			found, err := snapshot.FindKey(t.Context(), f.Engine(t), s.Key)
			assert.NilError(t, err)
			before := f.Objects()
			reached := victim(t, f, n, func(ctx context.Context, e *engine.Engine) error {
				_, err := instance.Start(ctx, instance.Request{
					Engine: e, Stack: app(), Snapshot: found, Detach: detach, Owner: dead(), Timeout: long, Journal: journal.New(nil),
				})
				return err
			}, func() { swept(t, f, func() bool { return slices.Equal(f.Objects(), before) }) })
			if !reached {
				assert.Assert(t, n > 5, "only %d changes", n)
				swept(t, f, func() bool { return detach != slices.Equal(f.Objects(), before) }) // detached and ready: kept
				break
			}
		}
	}
}

// TestCommitKilledAtAnyPoint: nothing half taken counts as a snapshot, and the next sweep puts the instance back to work, with
// its secrets and configs as they were in it.
func TestCommitKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	st := app()
	st.Services[0].Mounts = []stack.Mount{{Target: "/data", Volume: "data"}} // so that it is stopped
	for i := range st.Services {
		st.Services[i].Files = []stack.File{
			{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "k"}, Mode: 0o400},
			{Name: "conf", Target: "/etc/app.conf", Source: stack.Content{Inline: "of the stack"}, Mode: 0o444},
		}
	}
	for n := 1; ; n++ {
		f := appEngine(t)
		s := snapshottest.New("demo", "a", time.Now(), "db", "web")
		snapshottest.Add(f, s)
		found, err := snapshot.FindKey(t.Context(), f.Engine(t), s.Key)
		assert.NilError(t, err)
		i, err := instance.Start(t.Context(), instance.Request{
			Engine: f.Engine(t), Stack: st, Snapshot: found, Detach: true, Owner: owner.Current(), Name: "shop", Journal: journal.New(nil),
		})
		assert.NilError(t, err)
		files := map[string]enginetest.File{
			"/run/secrets/key": {Content: "k", Mode: 0o400}, "/etc/app.conf": {Content: "of the instance", Mode: 0o640, UID: 33, GID: 33},
		}
		for _, id := range i.Services { // it has changed one
			conf := engine.File{Path: "/etc/app.conf", Content: []byte("of the instance"), Mode: 0o640, UID: 33, GID: 33}
			assert.NilError(t, f.Engine(t).WriteFiles(t.Context(), id, "/", []engine.File{conf}))
		}
		want := snapshottest.New("demo", "b", time.Now(), "db", "web")
		want.Parent = s.Key
		before := f.Objects()
		with := append(slices.Clone(before), "image "+snapshot.Tag("demo", "db", want.Key), "image "+snapshot.Tag("demo", "web", want.Key))
		slices.Sort(with)
		works := func() bool {
			for _, id := range i.Services {
				if c, _ := f.Container(id); c.State != "running" {
					return false
				}
			}
			return slices.Equal(f.Objects(), before) || slices.Equal(f.Objects(), with)
		}
		reached := victim(t, f, n, func(ctx context.Context, e *engine.Engine) error {
			_, err := bootstrap.CommitInstance(ctx, bootstrap.CommitRequest{
				Request: bootstrap.Request{
					Engine: e, Stack: st, Snapshot: want, Platform: "linux/amd64", Owner: dead(), Journal: journal.New(nil), Sealer: f,
				},
				Instance: "shop", Flavor: i.Flavor, Parent: found, Containers: i.Services, Ports: i.Ports,
			})
			return err
		}, func() {
			noContent(t, f)
			swept(t, f, works)
			noContent(t, f)
			made, err := snapshot.FindKey(t.Context(), f.Engine(t), want.Key)
			assert.NilError(t, err)
			assert.Equal(t, made != nil, slices.Equal(f.Objects(), with))
			for service, id := range i.Services {
				for name, want := range files {
					got, _ := f.File(id, name)
					assert.Equal(t, got, want, "change %d: %s of %s", n, name, service)
				}
			}
		})
		if !reached {
			assert.Assert(t, n > 12, "only %d changes", n)
			assert.Assert(t, works() && slices.Equal(f.Objects(), with), "%s", f.Objects())
			return
		}
	}
}

// noContent checks that the files in images are empty: those of these tests are secrets and configs, next to a program of ours.
func noContent(t *testing.T, f *enginetest.Fake) {
	t.Helper()
	for _, o := range f.Objects() {
		kind, names, _ := strings.Cut(o, " ")
		if kind != "image" {
			continue
		}
		img, ok := f.Image(strings.Fields(names)[0])
		assert.Assert(t, ok)
		for name, file := range img.Files {
			assert.Assert(t, file.Content == "" || name == "/docker-bmo-relay", "%s in %s", name, names)
		}
	}
}
