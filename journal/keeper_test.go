package journal

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestR16RecordIsWhole: what a container prints and what the engine does to it is in the record when it is gone, from its
// creation to its removal, although it lived for an instant.
func TestR16RecordIsWhole(t *testing.T) {
	f := newFixture(t)
	w := f.keeper.Begin(t.Context(), header(id1))
	done := w.Record().Step("web", "start web")
	c := f.container(id1, "web", enginetest.Exit(3, "one", "two"))
	_, err := f.start(c).Wait(t.Context())
	assert.NilError(t, err)
	done(nil)
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	assert.DeepEqual(t, briefs(f.entries(id1, false)), []string{
		"step begin", "create", "start", "web| one", "web| two", "die 3", "step done", "destroy", "end removed",
	})
}

// TestR16StopSignal: the signal that a service is sent and what it prints then are seen; so is that it was killed.
func TestR16StopSignal(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", func(p *enginetest.Proc) int {
		p.Print("serving")
		for p.Signal() != "KILL" {
			p.Print("not now")
			p.Ignore()
		}
		return 137
	})
	p := f.start(c)
	says := func(line string) {
		until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), line) })
	}
	says("web| serving")
	assert.NilError(t, f.e.Signal(t.Context(), c, ""))
	says("web| not now")
	assert.NilError(t, f.e.Signal(t.Context(), c, "KILL"))
	_, err := p.Wait(t.Context())
	assert.NilError(t, err)
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	assert.DeepEqual(t, briefs(f.entries(id1, false)), []string{
		"create", "start", "web| serving", "kill 15", "web| not now", "kill 9", "die 137", "destroy", "end removed",
	})
}

// TestR16LaterStop: an instance whose process has gone its way is recorded by whoever removes it, whole and each line once,
// also those that were printed in the same instant.
func TestR16LaterStop(t *testing.T) {
	f := newFixture(t)
	at := time.Now()
	f.SetNow(func() time.Time { return at })
	f.keeper.Begin(t.Context(), header(id1))
	more := make(chan bool)
	c := f.container(id1, "web", func(p *enginetest.Proc) int {
		p.Print("one", "two")
		<-more
		p.Print("two", "three")
		_, _ = io.WriteString(p.Stderr, "four")
		return p.UntilStopped(0)
	})
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| two") })
	f.keeper.End(t.Context(), id1, "", nil) // it goes on
	assert.Assert(t, !slices.Contains(briefs(f.entries(id1, false)), "end"))

	close(more)
	until(t, func() bool { return len(f.entries(id1, true)) == 6 })
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	got := briefs(f.entries(id1, false))
	for _, e := range []string{"kill 9", "die 137", "destroy", "web| four", "end removed"} {
		assert.Assert(t, slices.Contains(got, e), "%q", got)
	}
	lines := slices.DeleteFunc(got, func(s string) bool { return !strings.HasPrefix(s, "web| ") })
	assert.DeepEqual(t, lines, []string{"web| one", "web| two", "web| two", "web| three", "web| four"})
}

// TestR16GapIsSaid: where the engine no longer knows what has happened since, the record says from when on it is whole; how
// a container ended the engine still knows.
func TestR16GapIsSaid(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	end := make(chan bool)
	c := f.container(id1, "web", func(p *enginetest.Proc) int { <-end; return 7 })
	p := f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "start") })
	f.keeper.End(t.Context(), id1, "", nil)
	close(end)
	_, err := p.Wait(t.Context())
	assert.NilError(t, err)
	f.ForgetEvents()

	assert.DeepEqual(t, briefs(f.entries(id1, true)), []string{"create", "start", "gap", "die 7"})
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	assert.DeepEqual(t, briefs(f.entries(id1, false)), []string{"create", "start", "gap", "die 7", "destroy", "end removed"})
}

// TestR16KilledInBetween: a process that is killed leaves a record that ends within a line, and another one goes on.
func TestR16KilledInBetween(t *testing.T) {
	f := newFixture(t)
	w := f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve("one", "two"))
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| two") })
	// As if it were killed now: the kernel lets go of the lock.
	w.stop()
	assert.NilError(t, w.record.Close())
	file, err := os.OpenFile(f.archive.path(id1), os.O_APPEND|os.O_WRONLY, 0)
	assert.NilError(t, err)
	_, err = file.WriteString(`{"time":"2026-03-04T12:00:00Z","kind":"li`)
	assert.NilError(t, err)
	assert.NilError(t, file.Close())

	assert.DeepEqual(t, briefs(f.entries(id1, true)), []string{"create", "start", "web| one", "web| two"})
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	got := briefs(f.entries(id1, false))
	slices.Sort(got)
	assert.DeepEqual(t, got, []string{"create", "destroy", "die 137", "end removed", "kill 9", "start", "web| one", "web| two"})
}

// TestUnreadableDriverIsSaid: a container may have a logging driver that keeps nothing.
func TestUnreadableDriverIsSaid(t *testing.T) {
	f := newFixture(t)
	f.Fail(http.MethodGet, "/containers/[^/]+/logs", http.StatusNotImplemented, "configured logging driver does not support reading", 100)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Exit(0, "one"))
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "gap") })
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
}

// TestUnreadableDriverIsSaidOnce: while such a container runs there is nothing to ask for again.
func TestUnreadableDriverIsSaidOnce(t *testing.T) {
	f := newFixture(t)
	f.Fail(http.MethodGet, "/containers/[^/]+/logs", http.StatusNotImplemented, "configured logging driver does not support reading", 1_000_000)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve("one"))
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "gap") })
	until(t, func() bool { return f.Count(http.MethodPost, "/containers/[^/]+/wait") > 1 }) // one is that of the start
	assert.Equal(t, f.Count(http.MethodGet, "/containers/[^/]+/logs"), 1)
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	assert.DeepEqual(t, briefs(f.entries(id1, false)), []string{"create", "start", "gap", "kill 9", "die 137", "destroy", "end removed"})
}

// TestBusyRecordIsLeftAlone: what a living process records nobody else does.
func TestBusyRecordIsLeftAlone(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve("one"))
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| one") })
	k, first := f.another(), f.keeper
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	first.End(t.Context(), id1, "removed", nil)
	got := briefs(f.entries(id1, false))
	assert.Equal(t, strings.Join(got, ","), "create,start,web| one,kill 9,die 137,destroy,end removed")
}

// TestEndedRecordIsLeftAlone: two processes may sweep the same, and the engine may have forgotten everything meanwhile.
func TestEndedRecordIsLeftAlone(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Exit(0))
	_, err := f.start(c).Wait(t.Context())
	assert.NilError(t, err)
	state, err := f.e.Look(t.Context(), c)
	assert.NilError(t, err)
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	f.keeper.End(t.Context(), id1, "removed", nil)
	f.ForgetEvents()
	k := f.another()
	o, err := k.other(id1, state)
	assert.Assert(t, o == nil && err == nil)
	k.Settle(t.Context())
	assert.DeepEqual(t, briefs(f.entries(id1, true)), []string{"create", "start", "die 0", "destroy", "end removed"})
}

// TestFollowView: a view goes on with what comes, whoever records it.
func TestFollowView(t *testing.T) {
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	next := make(chan bool)
	c := f.container(id1, "web", func(p *enginetest.Proc) int {
		for n := 1; <-next; n++ {
			p.Print(fmt.Sprint("line ", n))
		}
		return 0
	})
	f.start(c)
	next <- true
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| line 1") })
	i, err := f.archive.Find("shop")
	assert.NilError(t, err)
	v, err := f.archive.Open(t.Context(), f.e, i, all)
	assert.NilError(t, err)
	defer v.Close()
	got := make(chan string, 100)
	ended := make(chan error)
	go func() { ended <- v.Follow(t.Context(), func(e Entry) { got <- brief(e) }) }()
	next <- true
	assert.Equal(t, <-got, "web| line 2") // from the file
	f.keeper.End(t.Context(), id1, "", nil)
	next <- true
	for <-got != "web| line 3" { // from the engine
	}
	close(next)
	assert.NilError(t, <-ended)
}
