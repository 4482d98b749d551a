package bootstrap

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// twoSteps gives the bootstrap a second step, and a checkpoint before it.
func (f *fixture) twoSteps() {
	f.req.Stack.Bootstrap[0].Checkpoint = true
	f.req.Stack.Bootstrap = append(f.req.Stack.Bootstrap, stack.Step{Service: "web", Command: []string{"more"}})
	f.programs["web more"] = enginetest.Exit(0, "more")
	f.req.Checkpoints = []Checkpoint{{Snapshot: f.checkpoint(1), Labels: map[string]string{label.Steps: "0123"}}}
}

// checkpoint describes a checkpoint of the fixture's stack.
func (f *fixture) checkpoint(steps int) snapshot.Snapshot {
	c := snapshottest.New("demo", "cccccccccccc", time.Now())
	c.AfterStep = steps
	c.Services, c.Volumes = Kept(f.req.Stack, steps)
	return c
}

// goOn makes the next bootstrap, of another snapshot, go on from the only checkpoint.
func (f *fixture) goOn(t *testing.T) {
	t.Helper()
	list, err := snapshot.Checkpoints(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
	f.req.Snapshot = snapshottest.New("demo", "ffffffffffff", time.Now(), "cache", "db", "web")
	f.req.Snapshot.Volumes = list[0].Volumes
	f.req.Checkpoints, f.req.From = nil, OriginOf(list[0])
	f.before = f.Objects()
}

func TestCheckpoint(t *testing.T) {
	f := newFixture(t)
	f.twoSteps()
	events := f.events()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	done := events()
	slices.Sort(done[:2])
	slices.Sort(done[7:9])
	assert.DeepEqual(t, done, []string{
		"start cache", "start db", "start web load", "commit web load", "kill db", "kill cache", "commit db",
		"start cache", "start db", "start web more", "commit web more", "start web", "kill web", "kill db", "kill cache", "commit db",
	})
	// What was made in one go has one layer of the database, not two.
	assert.DeepEqual(t, f.layers(t, s.Images["db"].ID), []string{"built db", "commit of db"})
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), []string{"built web", "commit of web load", "commit of web more"})

	list, err := snapshot.Checkpoints(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
	c := list[0]
	assert.Equal(t, c.AfterStep, 1)
	assert.DeepEqual(t, c.Services, []string{"db", "web"}) // nothing of the cache is kept
	assert.DeepEqual(t, f.layers(t, c.Images["web"].ID), []string{"built web", "commit of web load"})
	full, _ := f.Image(c.Images["db"].ID)
	want := c.Labels()
	want[label.Service], want[label.Steps], want["own"] = "db", "0123", "db"
	built, _ := f.Image(f.req.Built["db"])
	want[label.Parent], want[label.BuiltLayers] = built.ID, "1"
	assert.DeepEqual(t, full.Labels, want)
	assert.DeepEqual(t, full.Env, []string{"PATH=/bin"})

	// It is no snapshot: no build and no run finds it.
	found, err := snapshot.FindKey(t.Context(), f.req.Engine, c.Key)
	assert.NilError(t, err)
	assert.Assert(t, found == nil)
	for _, o := range f.Objects() {
		assert.Assert(t, strings.HasPrefix(o, "image "), o)
	}
	assert.Equal(t, len(f.Objects()), len(f.before)+5)
}

func TestGoOnFromACheckpoint(t *testing.T) {
	f := newFixture(t)
	f.twoSteps()
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	f.goOn(t)
	events := f.events()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	done := events()
	slices.Sort(done[:2])
	assert.DeepEqual(t, done, []string{
		"start cache", "start db", "start web more", "commit web more", "start web", "kill web", "kill db", "kill cache", "commit db",
	})
	db := f.layers(t, s.Images["db"].ID)
	assert.Equal(t, len(db), 3) // what was built, the checkpoint's, and its own
	assert.Equal(t, db[2], "commit of db")
	web := f.layers(t, s.Images["web"].ID)
	assert.Equal(t, web[len(web)-1], "commit of web more")
	assert.Equal(t, len(f.Objects()), len(f.before)+3)
	list, err := snapshot.Checkpoints(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
}

// TestCheckpointOfAFailedBootstrap: it is whole, and so it stays; the next bootstrap does not do again what has succeeded.
func TestCheckpointOfAFailedBootstrap(t *testing.T) {
	f := newFixture(t)
	f.twoSteps()
	f.programs["web more"] = enginetest.Exit(1, "no")
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "bootstrap step 2 of 2")
	assert.Equal(t, len(f.Objects()), len(f.before)+2)
	f.goOn(t)
	_, err = Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "bootstrap step 2 of 2")
	f.leavesNothing(t)
	f.programs["web more"] = enginetest.Exit(0)
	f.programs["web load"] = enginetest.Exit(1)
	_, err = Run(t.Context(), f.req)
	assert.NilError(t, err)
}

// TestCheckpointFails: whatever fails while it is made, nothing of it is left, and so of the bootstrap.
func TestCheckpointFails(t *testing.T) {
	for _, c := range []struct {
		path   string
		passes int // before that, in the step
	}{{"/commit", 1}, {"/seal", 1}, {"/seal", 2}} {
		f := newFixture(t)
		f.twoSteps()
		failLater(f, c.path, c.passes+1, "no luck")
		_, err := Run(t.Context(), f.req)
		assert.ErrorContains(t, err, "no luck", c.path)
		assert.ErrorContains(t, err, "checkpoint after step 1: ", c.path)
		f.leavesNothing(t)
	}
	f := newFixture(t)
	f.twoSteps()
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}.Serve)
		return p.UntilStopped(1)
	}
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "checkpoint after step 1: service db ended with exit code 1 when it was stopped: not committed")
	f.leavesNothing(t)
}

// TestOneOfTwoMakesTheCheckpoint: two bootstraps of different snapshots that begin with the same steps.
func TestOneOfTwoMakesTheCheckpoint(t *testing.T) {
	f := newFixture(t)
	f.twoSteps()
	other := f.req
	other.Snapshot = snapshottest.New("demo", "ffffffffffff", time.Now(), "cache", "db", "web")
	var second error
	var once sync.Once
	f.Before("POST", "/commit", func(*http.Request) {
		once.Do(func() { _, second = Run(t.Context(), other) })
	})
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	err = second
	var busy *CheckpointBusyError
	assert.Assert(t, errors.As(err, &busy) && errors.Is(err, ErrBusy), "%v", err)
	assert.Equal(t, busy.Key, f.req.Checkpoints[0].Snapshot.Key)
	assert.Equal(t, busy.Error(), "another bootstrap is making checkpoint cccccccccccc")
	assert.Equal(t, len(f.Objects()), len(f.before)+5) // and nothing of the other one
}

// TestCheckpointIsFreeAsSoonAsItIsThere: others need not wait for the end of the bootstrap that has made it.
func TestCheckpointIsFreeAsSoonAsItIsThere(t *testing.T) {
	f := newFixture(t)
	f.twoSteps()
	lock := "volume " + Name(f.req.Checkpoints[0].Snapshot.Key)
	locked := func(want bool) enginetest.Program {
		return func(*enginetest.Proc) int {
			if slices.Contains(f.Objects(), lock) != want {
				return 1
			}
			return 0
		}
	}
	f.programs["web load"], f.programs["web more"] = locked(true), locked(false)
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
}

// TestCheckpointBetweenKindsOfSteps: a step in the running service, then one in a container of its own.
func TestCheckpointBetweenKindsOfSteps(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = []stack.Step{
		{Service: "web", Exec: true, Command: []string{"seed"}, Checkpoint: true},
		{Service: "web", Command: []string{"load"}},
		{Service: "web", Exec: true, Command: []string{"seed"}},
	}
	f.req.Checkpoints = []Checkpoint{{Snapshot: f.checkpoint(1)}}
	f.SetCommand(func(*enginetest.Exec) int { return 0 })
	want := []string{"built web", "commit of web", "commit of web load", "commit of web"}
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), want)
	f.goOn(t)
	s, err = Run(t.Context(), f.req)
	assert.NilError(t, err)
	layers := f.layers(t, s.Images["web"].ID)
	assert.Equal(t, len(layers), len(want))
	assert.DeepEqual(t, layers[2:], want[2:])
}

// TestFromTheNearest: what has the same image as before goes on from what was made then, with the settings of now; what has
// another one begins as it is built.
func TestFromTheNearest(t *testing.T) {
	f := newFixture(t)
	f.share()
	old, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	db, _ := f.Image(f.req.Built["db"])
	db.Env, db.ID, db.Tags = []string{"PATH=/usr/bin"}, "", []string{f.req.Built["db"]}
	f.AddImage(db)
	f.AddImage(enginetest.Image{Tags: []string{f.req.Built["web"]}, Layers: []enginetest.Layer{{Name: "other web"}}})
	f.before = f.Objects()
	env := make(chan []string, 1)
	program := f.programs["db"]
	f.programs["db"] = func(p *enginetest.Proc) int {
		c, _ := f.Container(Name(f.req.Snapshot.Key) + "-db")
		img, _ := f.Image(c.Image)
		env <- img.Env
		return program(p)
	}
	f.programs["web load"] = enginetest.Exit(1) // it is not to run
	f.req.Snapshot = snapshottest.New("demo", "ffffffffffff", time.Now(), "cache", "db", "web")
	f.req.Snapshot.Volumes, f.req.Snapshot.Parent = old.Volumes, old.Key
	f.req.From = &Origin{Snapshot: old, Steps: 1, Services: []string{"db"}, Volumes: old.Volumes, Nearest: true}
	events := f.events()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, <-env, []string{"PATH=/usr/bin"})
	layers := f.layers(t, s.Images["db"].ID)
	assert.DeepEqual(t, []string{layers[0], layers[2]}, []string{"built db", "commit of db"})
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID)[:1], []string{"other web"})
	assert.Assert(t, !slices.Contains(events(), "start web load"))
	carrier, _ := f.Image(s.Images[label.Volume("uploads")].ID)
	assert.Equal(t, carrier.Files["/volume/logo.png"].Content, "logo")
	assert.Equal(t, len(f.Objects()), len(f.before)+4)
}

// TestCheckpointHasNoSecrets: they are in no image, and where they belong when the services go on.
func TestCheckpointHasNoSecrets(t *testing.T) {
	f := newFixture(t)
	f.share()
	f.twoSteps()
	for i := range f.req.Stack.Services {
		f.req.Stack.Services[i].Files = append(f.req.Stack.Services[i].Files, stack.File{
			Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "s3cret"}, Mode: 0o440,
		})
	}
	db := f.programs["db"]
	f.programs["db"] = func(p *enginetest.Proc) int {
		if code := hasKey(p, "s3cret"); code != 0 {
			return code
		}
		return db(p)
	}
	f.programs["web more"] = func(p *enginetest.Proc) int {
		if logo, _ := p.ReadFile("/srv/up/logo.png"); logo.Content != "logo" {
			return 1
		}
		return hasKey(p, "s3cret")
	}
	for range 2 {
		s, err := Run(t.Context(), f.req)
		assert.NilError(t, err)
		carrier, _ := f.Image(s.Images[label.Volume("uploads")].ID)
		assert.Equal(t, carrier.Files["/volume/logo.png"].Content, "logo")
		if f.req.From == nil {
			f.goOn(t)
		}
	}
	assert.DeepEqual(t, f.req.From.Snapshot.Volumes, []string{"uploads"})
	for part, img := range f.req.From.Snapshot.Images {
		full, _ := f.Image(img.ID)
		for name, file := range full.Files {
			assert.Assert(t, file.Content != "s3cret", "%s in %s", name, part)
		}
	}
}

// TestCheckpointCancelledAtAnyPoint: what is left is nothing, or the checkpoint and nothing else.
func TestCheckpointCancelledAtAnyPoint(t *testing.T) {
	t.Parallel()
	enginetest.CancelAtEach(t, "/(containers|networks|volumes|commit|seal).*", 15, func() enginetest.Attempt {
		f := newFixture(t)
		f.twoSteps()
		return enginetest.Attempt{
			Fake: f.Fake,
			Run:  func(ctx context.Context) error { _, err := Run(ctx, f.req); return err },
			Failed: func() {
				list, err := snapshot.Checkpoints(t.Context(), f.req.Engine)
				assert.NilError(t, err)
				assert.Equal(t, len(f.Objects()), len(f.before)+2*len(list), "%v", f.Objects())
			},
			Done: func() { assert.Equal(t, len(f.Objects()), len(f.before)+5) },
		}
	})
}

func TestInvolvedAndKept(t *testing.T) {
	data := []stack.Mount{{Target: "/data", Volume: "data", Shared: true}}
	st := &stack.Stack{
		Services: []stack.Service{
			{Name: "cache"},
			{Name: "db", Snapshot: true},
			{Name: "migrate", OneShot: true, Snapshot: true, DependsOn: []string{"db"}, Mounts: data},
			{Name: "search", Snapshot: true, Mounts: data},
			{Name: "web", Snapshot: true, DependsOn: []string{"cache", "db"}},
			{Name: "worker", Snapshot: true, Mounts: []stack.Mount{{Target: "/own", Volume: "own", Shared: true}}},
		},
		Bootstrap: []stack.Step{{Service: "web"}, {Service: "worker", Exec: true}},
	}
	names := func(steps int) (list []string) {
		for _, s := range Involved(st, steps) {
			list = append(list, s.Name)
		}
		return list
	}
	assert.DeepEqual(t, names(1), []string{"cache", "db", "migrate", "web"})
	assert.DeepEqual(t, names(2), []string{"cache", "db", "migrate", "web", "worker"})
	services, volumes := Kept(st, 1)
	assert.DeepEqual(t, services, []string{"db", "web"})
	assert.DeepEqual(t, volumes, []string{"data"}) // what migrate has written is there for search
	services, volumes = Kept(st, 2)
	assert.DeepEqual(t, services, []string{"db", "web", "worker"})
	assert.DeepEqual(t, volumes, launch.VolumeNames(launch.Lasting(st)))
	assert.DeepEqual(t, usedAfter(st, 1), map[string]bool{"db": true, "cache": true})
	assert.DeepEqual(t, usedAfter(st, 2), map[string]bool{"db": true, "cache": true, "worker": true})
}
