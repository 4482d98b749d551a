package bootstrap

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// layers returns the names of an image's layers, without the key.
func (f *fixture) layers(t *testing.T, ref string) (names []string) {
	t.Helper()
	img, ok := f.Image(ref)
	assert.Assert(t, ok, ref)
	for _, l := range img.Layers {
		names = append(names, strings.ReplaceAll(l.Name, Name(f.req.Snapshot.Key)+"-", ""))
	}
	return names
}

func TestRun(t *testing.T) {
	f := newFixture(t)
	events := f.events()
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, s.Complete())
	assert.Equal(t, s.Key, f.req.Snapshot.Key)
	assert.Assert(t, s.Created.Equal(f.req.Snapshot.Created))

	// What is independent starts at the same time; sorted, this is in order.
	done := events()
	slices.Sort(done[:2])
	assert.DeepEqual(t, done, []string{
		"start cache", "start db", "start web load", "commit web load", "start web",
		"kill web", "kill db", "kill cache", "commit db",
	})
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), []string{"built web", "commit of web load"})
	assert.DeepEqual(t, f.layers(t, s.Images["db"].ID), []string{"built db", "commit of db"})
	assert.DeepEqual(t, f.layers(t, s.Images["cache"].ID), []string{"built cache"})

	// Nothing is left but the images, each with its name.
	want := slices.Clone(f.before)
	for _, service := range []string{"cache", "db", "web"} {
		want = append(want, "image "+snapshot.Tag("demo", service, s.Key))
	}
	slices.Sort(want)
	assert.DeepEqual(t, f.Objects(), want)
}

// TestSnapshotsImagesAreClean: neither owner nor secrets of the containers get into the images.
func TestSnapshotsImagesAreClean(t *testing.T) {
	f := newFixture(t)
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	for service, img := range s.Images {
		full, _ := f.Image(img.ID)
		assert.DeepEqual(t, full.Env, []string{"PATH=/bin"})
		assert.Assert(t, full.Command == nil)
		built, _ := f.Image(f.req.Built[service])
		want := f.req.Snapshot.Labels()
		want[label.Service] = service
		want[label.Parent], want[label.BuiltLayers] = built.ID, "1"
		want[label.Context+"source"] = "sha256:01"
		want["own"] = service
		assert.DeepEqual(t, full.Labels, want)
	}
}

// TestCommitSaysHowMuch: the output says how much disk space a snapshot takes in addition to the images it was made
// from.
func TestCommitSaysHowMuch(t *testing.T) {
	f := newFixture(t)
	var shown bytes.Buffer
	var err error
	f.req.Progress, err = progress.New(&shown, "plain", "Building")
	assert.NilError(t, err)
	_, err = Run(t.Context(), f.req)
	f.req.Progress.Close()
	assert.NilError(t, err)
	assert.Equal(t, strings.Count(shown.String(), "MB committed\n"), 2, shown.String()) // db and web
}

func TestStory07StepsRunInLinkedContainers(t *testing.T) {
	f := newFixture(t)
	env := make(chan []string, 1)
	f.programs["web load"] = func(p *enginetest.Proc) int {
		env <- p.Env
		for _, name := range []string{"db", "cache"} {
			c, ok := f.Container(Name(f.req.Snapshot.Key) + "-" + name)
			if !ok || c.State != "running" {
				return 1
			}
		}
		return 0
	}
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	// The step's own variables, the service's, and the current address.
	assert.DeepEqual(t, <-env, []string{"DB_HOST=db", "MODE=load", "ONCE=1", "URLBASE=http://127.0.0.1:8000/"})
}

// TestStory10CheckRunsWithTheServicesOwnSettings: nothing of the step's environment or command is left in its commit.
func TestStory10CheckRunsWithTheServicesOwnSettings(t *testing.T) {
	f := newFixture(t)
	env, image := make(chan []string, 1), make(chan enginetest.Image, 1)
	f.programs["web"] = func(p *enginetest.Proc) int {
		env <- p.Env
		c, _ := f.Container(Name(f.req.Snapshot.Key) + "-web")
		img, _ := f.Image(c.Image)
		image <- img
		return website(enginetest.Answer(200, "fine"))(p)
	}
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, <-env, []string{"DB_HOST=db", "MODE=normal", "URLBASE=http://127.0.0.1:8000/"})
	img := <-image
	assert.DeepEqual(t, img.Env, []string{"PATH=/bin"})
	assert.Assert(t, img.Command == nil)
}

func TestTwoStepsOfOneService(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = append(f.req.Stack.Bootstrap, stack.Step{Service: "web", Command: []string{"more"}})
	f.programs["web more"] = enginetest.Exit(0)
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), []string{"built web", "commit of web load", "commit of web more"})
	assert.Equal(t, len(f.Objects()), len(f.before)+3)
}

// TestStepOfAServiceThatOthersDependOn: what other services' steps write through it is in its commit.
func TestStepOfAServiceThatOthersDependOn(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = []stack.Step{
		{Service: "db", Command: []string{"init"}},
		{Service: "web", Command: []string{"load"}},
		{Service: "db", Command: []string{"tune"}},
		{Service: "web", Command: []string{"load"}},
	}
	f.programs["db init"], f.programs["db tune"] = enginetest.Exit(0), enginetest.Exit(0)
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["db"].ID), []string{
		"built db", "commit of db init", "commit of db", "commit of db tune", "commit of db",
	})
	assert.Equal(t, len(f.Objects()), len(f.before)+3)
}

func TestNoSteps(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Bootstrap = nil
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.DeepEqual(t, f.layers(t, s.Images["web"].ID), []string{"built web", "commit of web"})
}

func TestFlavor(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[1].Flavors = map[string]stack.Flavor{stack.DefaultFlavor: {Command: []string{"--small"}}}
	f.programs["db --small"] = f.programs["db"]
	delete(f.programs, "db")
	_, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
}

func TestLockIsBusy(t *testing.T) {
	f := newFixture(t)
	_, err := f.AddNetwork(Name(f.req.Snapshot.Key), nil)
	assert.NilError(t, err)
	f.before = f.Objects()
	_, err = Run(t.Context(), f.req)
	assert.Equal(t, err, ErrBusy)
	f.leavesNothing(t) // the lock of the other process is still there
	assert.Equal(t, f.Count("DELETE", ".*"), 0)
}

// TestOneOfTwoWorks: of two processes that make one snapshot at the same time, one does and the other gets ErrBusy.
func TestOneOfTwoWorks(t *testing.T) {
	f := newFixture(t)
	errs := make(chan error, 1)
	f.Before("POST", "/commit", func(r *http.Request) {
		select {
		case errs <- func() error { _, err := Run(t.Context(), f.req); return err }():
		default:
		}
	})
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, s.Complete())
	assert.Equal(t, <-errs, ErrBusy)
}

// TestBusyIsNobodysFailure: an engine that cannot create the network is not reported as ErrBusy.
func TestBusyIsNobodysFailure(t *testing.T) {
	f := newFixture(t)
	f.Fail("POST", "/networks/create", 500, "no bridges today", 1)
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "no bridges today")
	assert.Assert(t, !errors.Is(err, ErrBusy))
	f.leavesNothing(t)
}

// TestOldSnapshotOfTheSameKeyStays: a bootstrap that fails while sealing leaves the snapshot before it complete.
func TestOldSnapshotOfTheSameKeyStays(t *testing.T) {
	f := newFixture(t)
	old := snapshottest.New("demo", "0123456789abcdef", f.req.Snapshot.Created.Add(-time.Hour), "cache", "db", "web")
	snapshottest.Add(f.Fake, old)
	failLater(f, "/seal", 3, "no space left on device") // the first seal is the step's
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "no space left on device")
	s, err := snapshot.FindKey(t.Context(), f.req.Engine, old.Key)
	assert.NilError(t, err)
	assert.Assert(t, s.Created.Equal(old.Created))
	list, err := snapshot.List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
}
