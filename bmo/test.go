package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestOptions say how tests are spread over instances.
type TestOptions struct {
	// RunOptions say how instances are started. Number is how many tests run at the same time, each against an instance of its
	// own; 0 is as many as the engines have processors. Name and Detach do not count.
	RunOptions
	// Also are clients of more engines to run on. They get the snapshot first, from the repository if there is one that has it,
	// else from the client's own engine. One that is of no use is left out, with a warning, and so is one that is lost later:
	// the tests that ran on it are run again elsewhere, whatever Retries is.
	Also []*Client
	// Tests are run once each: files, packages, or whatever Do takes them for.
	Tests []string
	// FreshEach starts an instance for each test. Without it an instance is kept for one test after the other.
	FreshEach bool
	// Retries is how often a test that has failed is run again, each time against an instance that no other has had.
	Retries int
	// Command is what the tests are run by. How long each one takes is remembered for it and the stack, in the cache folder; nil
	// if there is nothing to remember.
	Command []string
	// Refill, if not nil, is called with the identifiers of pools that are to be filled again, by PoolFill. It may be called
	// several times at once.
	Refill func(pools []string)
	// Do runs a test and returns nil when it has passed. It is called several times at once.
	Do func(ctx context.Context, run TestRun) error
}

// TestRun is an attempt at a test.
type TestRun struct {
	// Index is the place of Test in the list, from 0 on.
	Index int
	Test  string
	// Attempt is 1 for the first one.
	Attempt  int
	Instance *Instance
	// Client is that of the engine that the instance is on.
	Client *Client
	// Log shows lines of it on the progress.
	Log *progress.Log
}

// TestResult is what became of a test.
type TestResult struct {
	Test string
	// Attempts are in their order. There are none when the test was not run.
	Attempts []TestAttempt
}

// TestAttempt is how an attempt at a test ended.
type TestAttempt struct {
	// Instance is the name of the one that it ran against.
	Instance string
	Began    time.Time
	Took     time.Duration
	// Err is why it failed; nil when it passed.
	Err error
	// Lost is why the engine was of no use any more; the attempt says nothing about the test then.
	Lost error
}

// Passed reports whether the last attempt passed.
func (r TestResult) Passed() bool {
	return len(r.Attempts) > 0 && r.Attempts[len(r.Attempts)-1].Err == nil
}

// Flaky reports whether it passed after it had failed.
func (r TestResult) Flaky() bool {
	return r.Passed() && slices.ContainsFunc(r.Attempts, func(a TestAttempt) bool { return a.Err != nil && a.Lost == nil })
}

// Test runs tests against several instances at the same time, and returns what became of each, in the order of the list. Those
// that took longest before are begun first, and whoever is done takes the next one. A missing snapshot is built first;
// all instances have the same one. They are removed as soon as there is nothing more to run against them.
//
// Tests that fail are no error. The error says why tests were not run, next to the results of the others: ctx has ended, or no
// instance could be started any more.
func (c *Client) Test(ctx context.Context, st *stack.Stack, o TestOptions) ([]TestResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	o.Name, o.Detach = "", false
	p, err := c.newPipeline(ctx, st, info, o.BuildOptions)
	if err != nil {
		return nil, err
	}
	defer p.close(ctx)
	request, err := o.request(ctx, p)
	if err != nil {
		return nil, err
	}
	s, err := o.choose(ctx, p)
	if err != nil {
		return nil, err
	}
	o.Snapshot = s.Key // whatever becomes of the stack's files meanwhile
	hosts := append([]testHost{{p, request}}, c.spread(ctx, st, s, o)...)
	defer closeHosts(ctx, hosts[1:])
	o.Number = min(cmp.Or(o.Number, processors(hosts), 1), max(len(o.Tests), 1))
	times := c.testTimes(st.Name, o.Command)
	t := newTester(o, times.read(), instancesOn(o, hosts, c.warn))
	err = t.run(ctx)
	if werr := times.add(t.results); werr != nil {
		c.warn(fmt.Errorf("how long the tests took is not remembered: %w", werr))
	}
	return t.results, err
}

// startForTest starts one instance for tests, which nobody has used: all of them come from here.
func (o TestOptions) startForTest(ctx context.Context, h testHost, slot int) (*Instance, error) {
	run, r := o.RunOptions, h.request
	run.Number = 1
	r.Title = fmt.Sprintf("%d/%d", slot+1, o.Number)
	list, pool, err := run.start(ctx, h.p, r)
	if err != nil {
		return nil, err
	}
	if pools := h.p.client.refill(pool, list); len(pools) > 0 && o.Refill != nil {
		o.Refill(pools)
	}
	return list[0], nil
}

// testInstances is where a tester has its instances from.
type testInstances struct {
	client func(slot int) *Client
	start  func(ctx context.Context, slot int) (*Instance, error)
	remove func(ctx context.Context, slot int, inst *Instance)
	check  func(ctx context.Context, slot int, inst *Instance) error // an error for one that is of no use any more
	warn   func(error)
}

// tester runs tests in several slots, each of which has an instance at a time.
type tester struct {
	TestOptions
	testInstances
	queue *testQueue

	mu      sync.Mutex
	begun   int // tests, not attempts
	results []TestResult
}

func newTester(o TestOptions, took map[string]time.Duration, from testInstances) *tester {
	t := &tester{TestOptions: o, testInstances: from, queue: newTestQueue(o.Tests, took), results: make([]TestResult, len(o.Tests))}
	for i, name := range o.Tests {
		t.results[i].Test = name
	}
	return t
}

// run runs all tests. Slots that have no instance any more are no error as long as others run the tests.
func (t *tester) run(ctx context.Context) error {
	errs := make([]error, t.Number)
	var wg sync.WaitGroup
	for i := range t.Number {
		wg.Go(func() { errs[i] = t.slot(ctx, i) })
	}
	wg.Wait()
	err := errors.Join(errs...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.queue.left() > 0:
		return err
	case err != nil:
		t.warn(err)
	}
	return nil
}

// startTries is how often in a row a slot tries to have an instance.
const startTries = 2

// slot runs one test after the other, and returns when there is none left, or when it gets no instance to run them against.
func (t *tester) slot(ctx context.Context, n int) error {
	var inst *Instance
	drop := func() {
		if inst != nil {
			t.remove(ctx, n, inst)
			inst = nil
		}
	}
	defer drop()
	for failed := 0; ; {
		next, ok := t.queue.take(ctx, drop)
		if !ok {
			return nil
		}
		if t.FreshEach || next.attempt > 1 {
			drop()
		}
		if inst == nil {
			started, err := t.start(ctx, n)
			if err != nil {
				t.queue.giveBack(next)
				if failed++; failed == startTries || ctx.Err() != nil {
					return err
				}
				t.warn(err)
				continue
			}
			inst, failed = started, 0
		}
		a := t.attempt(ctx, next, n, inst)
		if a.Err != nil && (a.Lost != nil || ctx.Err() != nil || t.check(ctx, n, inst) != nil) {
			drop()
		}
		if a.Lost != nil {
			next.lost++
		}
		t.queue.done(next, a.Lost != nil || a.Err != nil && next.attempt-next.lost <= t.Retries, a.Took)
	}
}

// attempt runs a test once, as a step of the progress.
func (t *tester) attempt(ctx context.Context, next queuedTest, slot int, inst *Instance) TestAttempt {
	t.mu.Lock()
	if next.attempt == 1 {
		t.begun++
	}
	where := inst.Name
	if len(t.Also) > 0 {
		where += " at " + t.client(slot).Host()
	}
	name := fmt.Sprintf("[%d/%d] %s against %s", t.begun, len(t.Tests), next.name, where)
	t.mu.Unlock()
	if next.attempt > 1 {
		name = fmt.Sprintf("[retry %d] %s against %s", next.attempt-1, next.name, where)
	}
	a := TestAttempt{Instance: inst.Name, Began: time.Now()}
	a.Err = t.Progress.Step(ctx, name, func(ctx context.Context, log *progress.Log) error {
		return t.Do(ctx, TestRun{Index: next.index, Test: next.name, Attempt: next.attempt, Instance: inst, Client: t.client(slot), Log: log})
	})
	a.Took = time.Since(a.Began)
	if a.Err != nil && len(t.Also) > 0 && ctx.Err() == nil {
		if err := t.check(ctx, slot, inst); IsEngineFailure(ConnectionLost(err)) {
			a.Lost = err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results[next.index].Attempts = append(t.results[next.index].Attempts, a)
	return a
}
