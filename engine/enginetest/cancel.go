package enginetest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// Attempt is an operation on an engine of its own.
type Attempt struct {
	*Fake
	// Run runs the operation.
	Run func(context.Context) error
	// Failed checks what is left when it was cancelled, Done when it succeeded nevertheless.
	Failed, Done func()
}

// CancelAtEach cancels an attempt at its first POST request to a matching path, a second one at its second, and so on
// until one succeeds: once before the engine carries out the request, and once after. There must be at least so many
// places.
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
			assert.Assert(t, n > places, "it succeeded after %d places", n-1)
		})
	}
}

// cancelledAt cancels an attempt at the nth request and reports whether it got that far.
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
