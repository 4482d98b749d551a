package bmo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// otherEngine is an engine that has no snapshot, where the services of f would run.
func (f *poolFixture) otherEngine(t *testing.T) *fixture {
	t.Helper()
	other := newFixture(t)
	other.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] == "db" {
			return enginetest.Listening(3306)
		}
		return func(p *enginetest.Proc) int {
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
			return p.UntilStopped(0)
		}
	})
	return other
}

// TestSeveralEngines: each gets the snapshot and its part of the tests; one that cannot be had is left out.
func TestSeveralEngines(t *testing.T) {
	f := newPoolFixture(t)
	other, broken := f.otherEngine(t), f.otherEngine(t)
	broken.Before("", ".*", func(*http.Request) { panic(http.ErrAbortHandler) })
	var warned []string
	c := f.client(t, WithStateDir(f.state), WithWarnings(func(err error) { warned = append(warned, err.Error()) }))
	var mu sync.Mutex
	at := map[string]int{}
	both := make(chan struct{})
	results, err := c.Test(t.Context(), f.stack, TestOptions{
		Tests: []string{"a", "b", "c", "d"}, RunOptions: RunOptions{Number: 2}, Also: []*Client{other.client(t), broken.client(t)},
		Do: func(_ context.Context, run TestRun) error {
			mu.Lock()
			at[run.Client.Host()]++
			first := at[run.Client.Host()] == 1
			if len(at) == 2 && first {
				close(both)
			}
			mu.Unlock()
			<-both
			return nil
		},
	})
	assert.NilError(t, err)
	for _, r := range results {
		assert.Assert(t, r.Passed())
	}
	assert.Equal(t, len(at), 2, "%v", at)
	assert.Equal(t, len(warned), 1)
	assert.Assert(t, strings.Contains(warned[0], broken.Host()+" is left out: "), warned[0])
	snapshots, err := other.client(t).Snapshots(t.Context(), SnapshotFilter{})
	assert.NilError(t, err)
	assert.Equal(t, len(snapshots), 1)
	assert.Equal(t, len(other.Objects()), 2, "%v", other.Objects()) // the images
	assert.DeepEqual(t, f.Objects(), f.before)
}

// TestEngineIsLost: what ran there is run again elsewhere, is not flaky for that, and the others do not notice.
func TestEngineIsLost(t *testing.T) {
	f := newPoolFixture(t)
	other := f.otherEngine(t)
	var lost atomic.Bool
	other.Before("", ".*", func(*http.Request) {
		if lost.Load() {
			panic(http.ErrAbortHandler)
		}
	})
	results, err := f.as(t).Test(t.Context(), f.stack, TestOptions{
		Tests: []string{"a", "b", "c"}, RunOptions: RunOptions{Number: 2}, Also: []*Client{other.client(t)},
		Do: func(_ context.Context, run TestRun) error {
			if run.Client.Host() == other.Host() {
				lost.Store(true)
				return errors.New("the instance does not answer")
			}
			return nil
		},
	})
	assert.NilError(t, err)
	var again int
	for _, r := range results {
		assert.Assert(t, r.Passed() && !r.Flaky(), "%+v", r)
		for _, a := range r.Attempts {
			if a.Lost != nil {
				again++
			}
		}
	}
	assert.Equal(t, again, 1)
	assert.DeepEqual(t, f.Objects(), f.before)
}
