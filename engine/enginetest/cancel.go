package enginetest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// Attempt is something to do on an engine of its own.
type Attempt struct {
	*Fake
	// Run does it.
	Run func(context.Context) error
	// Failed checks what is left of it when it was cancelled, Done when it came through all the same.
	Failed, Done func()
}

// CancelAtEach cancels an attempt at its first request that posts to a matching path, a second one at its second, and
// so on until one comes through: before the engine has done what it was asked for, and once more after. There have to
// be at least so many places.
func CancelAtEach(t *testing.T, pattern string, places int, attempt func() Attempt) {
	t.Helper()
	for name, hook := range map[string]func(f *Fake, method, pattern string, fn func(*http.Request)){
		"before": (*Fake).Before, "after": (*Fake).After,
	} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for cancelledAt(t, n, attempt(), func(a Attempt, fn func(*http.Request)) { hook(a.Fake, "POST", pattern, fn) }) {
				n++
			}
			assert.Assert(t, n > places, "it came through after %d places", n-1)
		})
	}
}

// cancelledAt cancels an attempt at the nth request and tells whether it came that far.
func cancelledAt(t *testing.T, n int, a Attempt, hook func(Attempt, func(*http.Request))) bool {
	t.Helper()
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var mu sync.Mutex
	requests := 0
	hook(a, func(*http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if requests++; requests == n {
			cancel(stop)
		}
	})
	if err := a.Run(ctx); err != nil {
		assert.Assert(t, errors.Is(err, stop) || errors.Is(err, context.Canceled), "%d: %v", n, err)
		a.Failed()
		return true
	}
	a.Done() // it was the last request, or none
	return ctx.Err() != nil
}
