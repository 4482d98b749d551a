package bmo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// rig is what a tester has to do with, and what it did.
type rig struct {
	mu      sync.Mutex
	started int
	alive   map[string]bool
	most    int             // instances at the same time
	broken  map[string]bool // instances that have gone
	fail    int             // how many starts fail from now on
	ran     []string        // "TEST INSTANCE"
	warned  []string
}

var errNoRoom = errors.New("no room")

func (r *rig) instances() testInstances {
	r.alive, r.broken = map[string]bool{}, map[string]bool{}
	return testInstances{
		client: func(int) *Client { return nil },
		start: func(context.Context, int) (*Instance, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.fail > 0 {
				r.fail--
				return nil, errNoRoom
			}
			r.started++
			name := fmt.Sprintf("i%d", r.started)
			r.alive[name] = true
			r.most = max(r.most, len(r.alive))
			return &Instance{Name: name}, nil
		},
		remove: func(_ context.Context, _ int, inst *Instance) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !r.alive[inst.Name] {
				panic(inst.Name + " is removed twice")
			}
			delete(r.alive, inst.Name)
		},
		check: func(_ context.Context, slot int, inst *Instance) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.broken[inst.Name] {
				return errors.New("gone")
			}
			return nil
		},
		warn: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.warned = append(r.warned, err.Error())
		},
	}
}

// run runs tests, which pass unless do says otherwise.
func (r *rig) run(t *testing.T, ctx context.Context, o TestOptions, took map[string]time.Duration, do func(TestRun) error) (*tester, error) {
	t.Helper()
	o.Do = func(_ context.Context, run TestRun) error {
		r.mu.Lock()
		r.ran = append(r.ran, run.Test+" "+run.Instance.Name)
		r.mu.Unlock()
		if do == nil {
			return nil
		}
		return do(run)
	}
	from := newTester(o, took, r.instances())
	err := from.run(ctx)
	assert.Equal(t, len(r.alive), 0, "instances are left")
	return from, err
}

func list(tests string) []string { return strings.Fields(tests) }

func options(tests string, number int) TestOptions {
	return TestOptions{Tests: list(tests), RunOptions: RunOptions{Number: number}}
}

// TestLongestFirst: what is not known may take longest.
func TestLongestFirst(t *testing.T) {
	r := &rig{}
	took := map[string]time.Duration{"a": 1, "b": 3, "c": 2}
	x, err := r.run(t, t.Context(), options("a b new1 c new2", 1), took, nil)
	assert.NilError(t, err)
	assert.DeepEqual(t, r.ran, []string{"new1 i1", "new2 i1", "b i1", "c i1", "a i1"})
	for i, want := range list("a b new1 c new2") {
		assert.Equal(t, x.results[i].Test, want)
		assert.Assert(t, x.results[i].Passed() && !x.results[i].Flaky())
	}
}

// TestWhoIsDoneTakesTheNext: one test that takes longer than all others holds nobody up.
func TestWhoIsDoneTakesTheNext(t *testing.T) {
	r := &rig{}
	var others sync.WaitGroup
	others.Add(4)
	begun := make(chan struct{})
	_, err := r.run(t, t.Context(), options("long a b c d", 2), nil, func(run TestRun) error {
		if run.Test == "long" {
			close(begun)
			others.Wait()
			return nil
		}
		<-begun // against the other instance
		others.Done()
		return nil
	})
	assert.NilError(t, err)
	assert.Equal(t, r.started, 2)
	assert.Equal(t, r.most, 2)
}

func TestFreshEach(t *testing.T) {
	r := &rig{}
	o := options("a b c", 2)
	o.FreshEach = true
	_, err := r.run(t, t.Context(), o, nil, nil)
	assert.NilError(t, err)
	assert.Equal(t, r.started, 3)
	assert.Assert(t, r.most <= 2)
	used := map[string]bool{}
	for _, ran := range r.ran {
		used[strings.Fields(ran)[1]] = true
	}
	assert.Equal(t, len(used), 3)
}

// TestRetryIsFresh: against an instance that no test has had, and only as often as allowed.
func TestRetryIsFresh(t *testing.T) {
	r := &rig{}
	o := options("good flaky bad", 1)
	o.Retries = 2
	no := errors.New("no")
	x, err := r.run(t, t.Context(), o, nil, func(run TestRun) error {
		if run.Test == "bad" || run.Test == "flaky" && run.Attempt < 3 {
			return no
		}
		return nil
	})
	assert.NilError(t, err)
	attempts, seen := map[string]int{}, map[string]bool{}
	for _, ran := range r.ran {
		f := strings.Fields(ran)
		if attempts[f[0]] > 0 {
			assert.Assert(t, !seen[f[1]], "%s: its instance is used: %v", ran, r.ran)
		}
		attempts[f[0]]++
		seen[f[1]] = true
	}
	assert.DeepEqual(t, attempts, map[string]int{"good": 1, "flaky": 3, "bad": 3})
	good, flaky, bad := x.results[0], x.results[1], x.results[2]
	assert.Assert(t, good.Passed() && !good.Flaky())
	assert.Assert(t, flaky.Passed() && flaky.Flaky() && len(flaky.Attempts) == 3)
	assert.Assert(t, !bad.Passed() && !bad.Flaky() && len(bad.Attempts) == 3)
	assert.Equal(t, bad.Attempts[2].Err, no)
}

// TestIdleSlotWaitsForARetry: without an instance that costs anything.
func TestIdleSlotWaitsForARetry(t *testing.T) {
	r := &rig{}
	o := options("a b", 2)
	o.Retries = 1
	_, err := r.run(t, t.Context(), o, nil, func(run TestRun) error {
		if run.Test == "b" || run.Attempt > 1 {
			return nil
		}
		for { // until the other slot has nothing to do
			r.mu.Lock()
			idle := len(r.ran) == 2 && len(r.alive) == 1
			r.mu.Unlock()
			if idle {
				return errors.New("no")
			}
			time.Sleep(time.Millisecond)
		}
	})
	assert.NilError(t, err)
	assert.Equal(t, len(r.ran), 3)
}

// TestInstanceOfNoUse is replaced; one against which a test has merely failed is kept.
func TestInstanceOfNoUse(t *testing.T) {
	r := &rig{}
	_, err := r.run(t, t.Context(), options("fails kills after", 1), nil, func(run TestRun) error {
		switch run.Test {
		case "fails":
			return errors.New("no")
		case "kills":
			r.mu.Lock()
			defer r.mu.Unlock()
			r.broken[run.Instance.Name] = true
			return errors.New("gone")
		}
		return nil
	})
	assert.NilError(t, err)
	assert.DeepEqual(t, r.ran, []string{"fails i1", "kills i1", "after i2"})
}

func TestNoInstance(t *testing.T) {
	// Once may be chance.
	r := &rig{fail: 1}
	_, err := r.run(t, t.Context(), options("a b", 1), nil, nil)
	assert.NilError(t, err)
	assert.Equal(t, len(r.ran), 2)
	assert.DeepEqual(t, r.warned, []string{"no room"})

	// One slot that has none leaves the tests to the others.
	r = &rig{}
	wait := make(chan struct{})
	x, err := r.run(t, t.Context(), options("a b c", 2), nil, func(run TestRun) error {
		if run.Test == "a" && run.Attempt == 1 {
			<-wait
		} else if run.Test == "b" {
			r.mu.Lock()
			r.broken[run.Instance.Name], r.fail = true, startTries
			r.mu.Unlock()
			close(wait)
			return errors.New("gone")
		}
		return nil
	})
	assert.NilError(t, err)
	assert.Assert(t, x.results[2].Passed())

	// With none left, the error says why tests were not run.
	r = &rig{fail: 2 * startTries}
	x, err = r.run(t, t.Context(), options("a b c", 2), nil, nil)
	assert.ErrorIs(t, err, errNoRoom)
	assert.Equal(t, len(x.results[0].Attempts), 0)
	assert.Assert(t, !x.results[0].Passed())
}

// TestInterruptedTests: what has run is there, nothing is begun any more, and nothing is run again.
func TestInterruptedTests(t *testing.T) {
	r := &rig{}
	ctx, cancel := context.WithCancelCause(t.Context())
	o := options("a b c", 1)
	o.Retries = 3
	x, err := r.run(t, ctx, o, nil, func(run TestRun) error {
		if run.Test == "b" {
			cancel(errStopped)
			return errStopped
		}
		return nil
	})
	assert.Equal(t, err, errStopped)
	assert.Assert(t, x.results[0].Passed())
	assert.Equal(t, len(x.results[1].Attempts), 1)
	assert.Equal(t, len(x.results[2].Attempts), 0)
}

func TestTestTimes(t *testing.T) {
	d := newFixture(t)
	dir := filepath.Join(t.TempDir(), "cache")
	c := d.client(t, WithCacheDir(dir))
	f := c.testTimes("shop", list("pytest {}"))
	assert.Equal(t, len(f.read()), 0)
	passed := func(name string, took time.Duration) TestResult {
		return TestResult{Test: name, Attempts: []TestAttempt{{Took: took}}}
	}
	failed := passed("a", time.Millisecond)
	failed.Attempts[0].Err = errStopped
	assert.NilError(t, f.add([]TestResult{passed("a", time.Second), passed("b", 1500*time.Millisecond), {Test: "not run"}}))
	assert.NilError(t, f.add([]TestResult{failed, passed("b", 2*time.Second)}))
	assert.DeepEqual(t, f.read(), map[string]time.Duration{"a": time.Second, "b": 2 * time.Second})

	// Other stacks and commands have times of their own, and nothing that would be half a file is left.
	assert.Equal(t, len(c.testTimes("blog", list("pytest {}")).read())+len(c.testTimes("shop", list("prove {}")).read()), 0)
	entries, err := os.ReadDir(filepath.Dir(string(f)))
	assert.NilError(t, err)
	assert.Equal(t, len(entries), 1)
	assert.NilError(t, os.WriteFile(string(f), []byte(`{"a":`), 0o600))
	assert.Equal(t, len(f.read()), 0)
	assert.NilError(t, d.client(t).testTimes("shop", nil).add([]TestResult{passed("a", 1)}), "there is no cache folder")
}

// TestQueueKeepsTheOrder of tests that are alike.
func TestQueueKeepsTheOrder(t *testing.T) {
	q := newTestQueue(list("d c b a"), map[string]time.Duration{})
	var got []string
	for {
		next, ok := q.take(t.Context(), func() {})
		if !ok {
			break
		}
		got = append(got, next.name)
		q.done(next, false, 0)
	}
	assert.Assert(t, slices.Equal(got, list("d c b a")))
}
