package journal

import (
	"context"
	"net/http"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// askSoon makes a lost stream be asked for again at once.
func askSoon(t *testing.T) {
	t.Helper()
	before := again
	again = time.Millisecond
	t.Cleanup(func() { again = before })
}

// followed is a view of a container that prints the lines that next gets, and ends at an empty one.
type followed struct {
	*fixture
	next  chan string
	lines chan string
	// ended gets what Follow has returned.
	ended chan error
	stop  context.CancelFunc
}

// followOne follows what the engine alone has of a container that runs, and returns when its first line has come.
func followOne(t *testing.T) *followed {
	t.Helper()
	askSoon(t)
	f := &followed{fixture: newFixture(t), next: make(chan string), lines: make(chan string, 100), ended: make(chan error, 1)}
	f.keeper.Begin(t.Context(), header(id1))
	f.start(f.container(id1, "web", func(p *enginetest.Proc) int {
		for line := <-f.next; line != ""; line = <-f.next {
			p.Print(line)
		}
		return 0
	}))
	t.Cleanup(func() { close(f.next) })
	f.keeper.End(t.Context(), id1, "", nil)
	i, err := f.archive.Find(id1)
	assert.NilError(t, err)
	v, err := f.archive.Open(t.Context(), f.e, i, all)
	assert.NilError(t, err)
	t.Cleanup(func() { _ = v.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	f.stop = cancel
	// No event tells of the container, so that its first line comes only when it has been listed.
	listed := make(chan struct{})
	f.Before(http.MethodGet, "/events", func(r *http.Request) {
		select {
		case <-listed:
		case <-r.Context().Done():
		}
	})
	go func() {
		f.ended <- v.Follow(ctx, func(e Entry) {
			if e.Kind == KindLine {
				f.lines <- e.Text
			}
		})
	}()
	f.says("one")
	close(listed)
	return f
}

// says makes the container print a line and waits for it.
func (f *followed) says(line string) {
	f.t.Helper()
	f.next <- line
	assert.Equal(f.t, <-f.lines, line)
}

// TestFollowEndsWithTheEngine: who follows what is printed hears that the engine is gone.
func TestFollowEndsWithTheEngine(t *testing.T) {
	f := followOne(t)
	f.Vanish()
	err := f.end()
	assert.Assert(t, engine.IsFailure(engine.Lost(err)), "%v", err)
}

// TestFollowLingers: the last event of a container comes after all that it has printed.
func TestFollowLingers(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	id := f.container(id1, "web", enginetest.Exit(0))
	f.start(id)
	f.keeper.End(t.Context(), id1, "", nil)
	i, err := f.archive.Find(id1)
	assert.NilError(t, err)
	v, err := f.archive.Open(t.Context(), f.e, i, all)
	assert.NilError(t, err)
	defer v.Close()
	v.Linger = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(50*time.Millisecond, func() { assert.Check(t, f.e.RemoveContainer(context.WithoutCancel(ctx), id)) })
	assert.NilError(t, v.Follow(ctx, func(e Entry) {
		if e.Action == "destroy" {
			cancel()
		}
	}))
	assert.Assert(t, ctx.Err() != nil, "it ended before the container was removed")
}

// TestFollowEndsWhenNothingIsAnswered: an engine that is there and cannot do what it is asked for is not asked for good.
func TestFollowEndsWhenNothingIsAnswered(t *testing.T) {
	f := followOne(t)
	f.Fail(http.MethodGet, "/containers/[^/]+/(json|logs)", http.StatusInternalServerError, "out of order", 1_000_000)
	f.next <- ""
	err := f.end()
	assert.ErrorContains(t, err, "out of order")
	assert.Assert(t, engine.IsFailure(err), "%v", err)
}

// TestFollowEndsWithoutEvents: what is printed still comes, and what happens does not.
func TestFollowEndsWithoutEvents(t *testing.T) {
	f := followOne(t)
	f.Fail(http.MethodGet, "/events", http.StatusInternalServerError, "out of order", 1_000_000)
	f.Break()
	assert.ErrorContains(t, f.end(), "out of order")
}

// TestFollowTakesUpAgain: a stream that breaks is asked for again, and nothing is missing or comes twice.
func TestFollowTakesUpAgain(t *testing.T) {
	f := followOne(t)
	f.says("two")
	f.Fail(http.MethodGet, "/containers/[^/]+/logs", http.StatusInternalServerError, "out of order", 3)
	f.Break()
	f.says("three")
	f.stop()
	assert.NilError(t, f.end())
}

// end returns what Follow has returned.
func (f *followed) end() error {
	f.t.Helper()
	select {
	case err := <-f.ended:
		return err
	case <-time.After(15 * time.Second):
		f.t.Fatal("it has not ended")
		return nil
	}
}
