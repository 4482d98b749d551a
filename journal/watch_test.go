package journal

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestWatchTakesUpAgain: when the connection breaks, what happens meanwhile is taken afterwards.
func TestWatchTakesUpAgain(t *testing.T) {
	before := again
	again = time.Millisecond
	t.Cleanup(func() { again = before })
	f := newFixture(t)
	f.Fail(http.MethodGet, "/events", http.StatusInternalServerError, "out of order", 3)
	f.Fail(http.MethodGet, "/containers/[^/]+/logs", http.StatusInternalServerError, "out of order", 3)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Exit(0, "one"))
	_, err := f.start(c).Wait(t.Context())
	assert.NilError(t, err)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| one") })
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	assert.DeepEqual(t, briefs(f.entries(id1, false)), []string{"create", "start", "web| one", "die 0", "destroy", "end removed"})
}

// TestRestThatIsNotReadIsSaid: a container is removed, and the engine has not told in time what it has printed.
func TestRestThatIsNotReadIsSaid(t *testing.T) {
	f := newFixture(t)
	f.Before(http.MethodGet, "/containers/[^/]+/logs", func(r *http.Request) { <-r.Context().Done() })
	w := f.keeper.Begin(t.Context(), header(id1))
	w.drainTime = time.Millisecond
	c := f.container(id1, "web", enginetest.Exit(0, "one"))
	_, err := f.start(c).Wait(t.Context())
	assert.NilError(t, err)
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	got := briefs(f.entries(id1, false))
	assert.Assert(t, slices.Contains(got, "gap"), "%v", got)
}

// TestLateStartIsNotFollowedForGood: the engine may tell of a start only when its record is about to be closed.
func TestLateStartIsNotFollowedForGood(t *testing.T) {
	f := newFixture(t)
	closing, late := make(chan struct{}), make(chan struct{})
	var first, asked sync.Once
	f.After(http.MethodGet, "/containers/json", func(*http.Request) { first.Do(func() { close(closing) }) })
	f.Before(http.MethodGet, "/events", func(r *http.Request) {
		select {
		case <-closing:
			time.Sleep(50 * time.Millisecond) // what is followed by now has been looked up
		case <-r.Context().Done():
		}
	})
	w := f.keeper.Begin(t.Context(), header(id1))
	db := f.container(id1, "db", enginetest.Exit(0))
	_, err := f.start(db).Wait(t.Context())
	assert.NilError(t, err)
	web := f.container(id1, "web", enginetest.Serve("one"))
	f.start(web)
	f.Before(http.MethodGet, "/containers/[^/]+/logs", func(r *http.Request) {
		if strings.Contains(r.URL.Path, web) {
			asked.Do(func() { close(late) })
			return
		}
		select {
		case <-late:
		case <-r.Context().Done():
		}
	})
	w.follow(t.Context(), db, "db")
	f.keeper.End(t.Context(), id1, "", nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	assert.Equal(t, len(w.follows), 2)
	for id, f := range w.follows {
		assert.Check(t, f.over(), id)
	}
}

// TestPausedContainerIsNotWaitedFor: it has not ended, so its output does not either.
func TestPausedContainerIsNotWaitedFor(t *testing.T) {
	f := newFixture(t)
	w := f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", func(p *enginetest.Proc) int {
		p.Print("serving")
		return p.UntilStopped(0)
	})
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| serving") })
	assert.NilError(t, f.e.Pause(t.Context(), c))
	w.drainTime = time.Hour
	f.keeper.End(t.Context(), id1, "", nil)
}
