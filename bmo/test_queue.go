package bmo

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// testQueue has the tests that wait, in the order in which they are to be begun: those that took longest first, since what
// is begun last determines when all is over; and before them those of which nothing is known, which may take any time.
//
// There is one queue for all slots and not a list for each, which would only be as good as the times that it is made from:
// they are of another day, and a busy machine does not slow all slots down alike.
type testQueue struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []queuedTest
	running int
}

// queuedTest is an attempt that is to come.
type queuedTest struct {
	index   int
	name    string
	attempt int
	lost    int // attempts that were lost with their engine
	known   bool
	took    time.Duration // the last time
}

func newTestQueue(tests []string, took map[string]time.Duration) *testQueue {
	q := &testQueue{}
	q.changed = sync.NewCond(&q.mu)
	for i, name := range tests {
		d, known := took[name]
		q.waiting = append(q.waiting, queuedTest{index: i, name: name, attempt: 1, known: known, took: d})
	}
	q.sort()
	return q
}

func (q *testQueue) sort() {
	slices.SortStableFunc(q.waiting, func(a, b queuedTest) int {
		if a.known != b.known {
			if b.known {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.took, a.took)
	})
}

// take returns the next test. When there is none, but others run, which may have to be run again, idle is called and they
// are waited for. It returns false when there is nothing left to do, or ctx has ended.
func (q *testQueue) take(ctx context.Context, idle func()) (queuedTest, bool) {
	defer context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.changed.Broadcast()
	})()
	q.mu.Lock()
	defer q.mu.Unlock()
	for idled := false; ctx.Err() == nil; {
		switch {
		case len(q.waiting) > 0:
			next := q.waiting[0]
			q.waiting = q.waiting[1:]
			q.running++
			return next, true
		case q.running == 0:
			return queuedTest{}, false
		case !idled:
			idled = true
			q.mu.Unlock()
			idle()
			q.mu.Lock()
		default:
			q.changed.Wait()
		}
	}
	return queuedTest{}, false
}

// done says that a test has been run, and whether it is to be run again.
func (q *testQueue) done(t queuedTest, again bool, took time.Duration) {
	if again {
		t.attempt++
		t.known, t.took = true, took
		q.put(t)
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.changed.Broadcast()
}

// giveBack puts back a test that has not been run.
func (q *testQueue) giveBack(t queuedTest) { q.put(t) }

func (q *testQueue) put(t queuedTest) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	q.waiting = slices.Insert(q.waiting, 0, t)
	q.sort()
	q.changed.Broadcast()
}

// left returns how many tests wait.
func (q *testQueue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
