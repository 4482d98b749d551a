package journal

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// leftBehind is an instance of two services whose process was killed.
func leftBehind(t *testing.T) (f *fixture, web, db string) {
	t.Helper()
	f = newFixture(t)
	w := f.keeper.Begin(t.Context(), header(id1))
	web = f.container(id1, "web", enginetest.Serve("web's"))
	f.start(web)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| web's") })
	w.stop()
	assert.NilError(t, w.record.Close())
	db = f.container(id1, "db", enginetest.Serve("db's"))
	f.start(db)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, true)), "db| db's") })
	return f, web, db
}

// TestR16TwoRemoveTheSame: of two processes that remove the same, one records it. The other one removed what that one had not
// read yet.
func TestR16TwoRemoveTheSame(t *testing.T) {
	for name, c := range map[string]struct{ killed, elsewhere bool }{
		"both go on": {}, "the first is killed": {killed: true}, "begun elsewhere": {elsewhere: true},
	} {
		killed := c.killed
		t.Run(name, func(t *testing.T) {
			f, web, db := leftBehind(t)
			if c.elsewhere {
				assert.NilError(t, os.Remove(f.archive.path(id1)))
			}
			a, first := f.another(), f.e
			assert.NilError(t, first.RemoveContainer(t.Context(), web))
			b, second := f.another(), f.e
			done := make(chan error)
			go func() { done <- second.RemoveContainer(t.Context(), db) }()
			select {
			case <-done:
				t.Fatal("removed before the other process has read it")
			case <-time.After(3 * resumePause):
			}
			if killed {
				for _, o := range a.others {
					assert.NilError(t, o.Close()) // as the kernel does
				}
			} else {
				assert.NilError(t, first.RemoveContainer(t.Context(), db))
				a.Settle(t.Context())
			}
			assert.NilError(t, <-done)
			b.Settle(t.Context())
			got := briefs(f.entries(id1, false))
			for _, word := range []string{"web| web's", "db| db's", "kill 9", "die 137", "destroy"} {
				assert.Assert(t, slices.Contains(got, word), "%s: %q", word, got)
			}
			assert.Equal(t, got[len(got)-1], "end removed")
		})
	}
}

// TestStuckRemovalIsNotWaitedForLong: a process that has stopped in the middle of a removal keeps nobody from it. It is said
// what is waited for, and all containers together have one time.
func TestStuckRemovalIsNotWaitedForLong(t *testing.T) {
	before := resumeLimit
	t.Cleanup(func() { resumeLimit = before })
	resumeLimit = 3 * resumePause
	f, web, db := leftBehind(t)
	f.another().beforeRemove(t.Context(), web)
	k := f.another()
	var said atomic.Int32
	k.OnSlow(func(text string) func() {
		assert.Check(t, text != "")
		said.Add(1)
		return func() {}
	})
	assert.NilError(t, f.e.RemoveContainer(t.Context(), web))
	began := time.Now()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	assert.Equal(t, said.Load(), int32(2))
	assert.Equal(t, len(k.deadlines), 1)
	assert.Assert(t, k.deadlines[id1].Before(began))
}

// TestRemovedMeanwhile: a process that has removed the container, and is not at the end of its work, is not waited for any
// more; an engine that fails once says nothing about that.
func TestRemovedMeanwhile(t *testing.T) {
	before := resumeLimit
	t.Cleanup(func() { resumeLimit = before })
	resumeLimit = time.Hour
	f, web, db := leftBehind(t)
	f.another()
	first := f.e
	assert.NilError(t, first.RemoveContainer(t.Context(), web))
	k := f.another()
	second := f.e
	done := make(chan error)
	go func() { done <- second.RemoveContainer(t.Context(), db) }()
	time.Sleep(3 * resumePause)
	f.Fail(http.MethodGet, "/containers/"+db+"/json", http.StatusInternalServerError, "something went wrong", 1)
	select {
	case <-done:
		t.Fatal("removed before the other process has read it")
	case <-time.After((resumeAsks + 3) * resumePause):
	}
	assert.NilError(t, first.RemoveContainer(t.Context(), db))
	assert.NilError(t, <-done)
	assert.Equal(t, len(k.others), 0)
}

// TestRecordsThatNobodyHas: of several processes that go on with a record that is not here, one has it, and the others wait.
func TestRecordsThatNobodyHas(t *testing.T) {
	f, web, _ := leftBehind(t)
	c, err := f.e.Look(t.Context(), web)
	assert.NilError(t, err)
	for range 100 {
		_ = os.Remove(f.archive.path(id1))
		var has, wait atomic.Int32
		var wg sync.WaitGroup
		var keepers []*Keeper
		for range 3 {
			k := f.another()
			keepers = append(keepers, k)
			wg.Go(func() {
				switch o, err := k.other(id1, c); {
				case o != nil:
					has.Add(1)
				case errors.Is(err, ErrResumed):
					wait.Add(1)
				default:
					assert.Check(t, err)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, has.Load(), int32(1))
		assert.Equal(t, wait.Load(), int32(2))
		for _, k := range keepers {
			for _, o := range k.others {
				assert.NilError(t, o.Close())
			}
		}
	}
}

// TestWaitingHoldsUpNobody: what nobody else removes is removed at once, however many others are waited for: no look at a lock
// rests while it keeps the others from looking.
func TestWaitingHoldsUpNobody(t *testing.T) {
	before := lockPause
	t.Cleanup(func() { lockPause = before })
	f, web, db := leftBehind(t)
	f.another().beforeRemove(t.Context(), web)
	k := f.another()
	c, err := f.e.Look(t.Context(), db)
	assert.NilError(t, err)
	lockPause = time.Hour
	_, err = k.other(id1, c)
	assert.Assert(t, errors.Is(err, ErrResumed))
}

// TestSettleLeavesWhatIsReadInto: what one call of a client has begun to read another one closed.
func TestSettleLeavesWhatIsReadInto(t *testing.T) {
	f, _, db := leftBehind(t)
	k := f.another()
	var once atomic.Bool
	f.Before(http.MethodGet, "/containers/"+db+"/logs", func(*http.Request) {
		if once.CompareAndSwap(false, true) {
			k.Settle(t.Context())
		}
	})
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	k.Settle(t.Context())
	got := briefs(f.entries(id1, false))
	assert.Assert(t, slices.Contains(got, "db| db's"), "%q", got)
}

// TestReaderOfWhatGoesOn: a process that has a record and no container at the moment, as between two steps of a bootstrap, is
// not waited for.
func TestReaderOfWhatGoesOn(t *testing.T) {
	before := ownLimit
	t.Cleanup(func() { ownLimit = before })
	ownLimit = time.Nanosecond
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve("web's"))
	f.start(c)
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "web| web's") })
	first := f.keeper
	assert.NilError(t, first.e.RemoveContainer(t.Context(), c))
	until(t, func() bool { return slices.Contains(briefs(f.entries(id1, false)), "destroy") })
	read := make(chan []string, 1)
	go func() { read <- briefs(f.entries(id1, true)) }()
	select {
	case <-read:
	case <-time.After(closeLimit / 2):
		t.Fatal("it waits")
	}
	first.End(t.Context(), id1, "removed", nil)
}

// TestR16ReaderOfWhatHasJustGone: who reads the record of what another process has just removed gets all of it.
func TestR16ReaderOfWhatHasJustGone(t *testing.T) {
	f, web, db := leftBehind(t)
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), web))
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	got := make(chan []string)
	go func() { got <- briefs(f.entries(id1, true)) }()
	select {
	case list := <-got:
		t.Fatalf("read before it was whole: %q", list)
	case <-time.After(3 * resumePause):
	}
	k.Settle(t.Context())
	list := <-got
	assert.Equal(t, list[len(list)-1], "end removed")
}

// TestReadersDoNotDisturbEachOther: the lock that a reader has for an instant was taken by another one for that of a process
// that keeps the record, and what only the engine has was left out.
func TestReadersDoNotDisturbEachOther(t *testing.T) {
	f, _, _ := leftBehind(t)
	r, err := f.archive.Append(id1, f.e.Now)
	assert.NilError(t, err)
	time.AfterFunc(3*lockPause, func() { _ = r.Close() })
	assert.Assert(t, slices.Contains(briefs(f.entries(id1, true)), "db| db's"))
}

// TestR16KilledByAnother: a container that somebody else has just killed, of which the engine says for a moment that it runs,
// and which it refuses to kill, was removed unread.
func TestR16KilledByAnother(t *testing.T) {
	f, _, db := leftBehind(t)
	f.Fail(http.MethodPost, "/containers/"+db+"/kill", http.StatusConflict, "container is not running", 1)
	other := f.Engine(t)
	var once atomic.Bool
	f.Before(http.MethodPost, "/containers/"+db+"/kill", func(*http.Request) {
		if once.CompareAndSwap(false, true) {
			time.AfterFunc(settlePause, func() { _ = other.Signal(context.Background(), db, "KILL") })
		}
	})
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	k.Settle(t.Context())
	got := briefs(f.entries(id1, false))
	assert.Assert(t, slices.Contains(got, "db| db's"), "%q", got)
}

// TestR16EndedByAnother: a container that ends before it can be killed was removed unread.
func TestR16EndedByAnother(t *testing.T) {
	f, _, db := leftBehind(t)
	other := f.Engine(t)
	var done atomic.Bool
	f.Before(http.MethodPost, "/containers/"+db+"/kill", func(*http.Request) {
		if done.CompareAndSwap(false, true) {
			assert.Check(t, other.Signal(t.Context(), db, "KILL"))
		}
	})
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	k.Settle(t.Context())
	got := briefs(f.entries(id1, false))
	assert.Assert(t, slices.Contains(got, "db| db's"), "%q", got)
}

// TestR16ReaderDuringARemoval: while another process removes an instance, whose services need not all end at once, what the
// others have printed is on the engine alone.
func TestR16ReaderDuringARemoval(t *testing.T) {
	f, web, db := leftBehind(t)
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), web))
	got := briefs(f.entries(id1, true))
	for _, word := range []string{"web| web's", "db| db's"} {
		assert.Assert(t, slices.Contains(got, word), "%s: %q", word, got)
	}
	assert.NilError(t, f.e.RemoveContainer(t.Context(), db))
	k.Settle(t.Context())
	got = briefs(f.entries(id1, true))
	assert.Equal(t, got[len(got)-1], "end removed")
}

// TestR16RemovedWhileRead: a container that another process removes while its output is asked for made the reader fail, or
// was left out. What it has printed is in the record then.
func TestR16RemovedWhileRead(t *testing.T) {
	for name, at := range map[string]string{"before the list": "/containers/json", "before its output": "/containers/.*/logs"} {
		t.Run(name, func(t *testing.T) {
			f, web, db := leftBehind(t)
			reader := f.e
			k := f.another()
			remover := f.e
			var done atomic.Bool
			f.Before(http.MethodGet, at, func(*http.Request) {
				if !done.CompareAndSwap(false, true) {
					return
				}
				assert.Check(t, remover.RemoveContainer(t.Context(), web))
				assert.Check(t, remover.RemoveContainer(t.Context(), db))
				k.Settle(t.Context())
			})
			f.e = reader
			got := briefs(f.entries(id1, true))
			for _, word := range []string{"web| web's", "db| db's"} {
				assert.Assert(t, slices.Contains(got, word), "%s: %q", word, got)
			}
			assert.Equal(t, got[len(got)-1], "end removed")
		})
	}
}
