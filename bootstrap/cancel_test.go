package bootstrap

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

func regexpMatch(pattern, s string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(s)
}

// TestCancelledAtAnyPoint: nothing is left, whenever the context ends: before or after the engine has done what it was
// asked for.
func TestCancelledAtAnyPoint(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func(*fixture, func(*http.Request)){
		"before": func(f *fixture, fn func(*http.Request)) { f.Before("POST", "/(containers|networks|commit|seal).*", fn) },
		"after":  func(f *fixture, fn func(*http.Request)) { f.After("POST", "/(containers|networks|commit|seal).*", fn) },
	} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for cancelledAt(t, n, hook) {
				n++
			}
			assert.Assert(t, n > 10) // it was in many places
		})
	}
}

// cancelledAt cancels a bootstrap at the nth change on the engine and tells whether it came that far.
func cancelledAt(t *testing.T, n int, hook func(*fixture, func(*http.Request))) bool {
	t.Helper()
	f := newFixture(t)
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var mu sync.Mutex
	changes := 0
	hook(f, func(*http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if changes++; changes == n {
			cancel(stop)
		}
	})
	s, err := Run(ctx, f.req)
	if err == nil { // it was the last change, or none
		assert.Assert(t, s.Complete())
		return ctx.Err() != nil
	}
	assert.Assert(t, errors.Is(err, stop) || errors.Is(err, context.Canceled), "%d: %v", n, err)
	f.leavesNothing(t)
	return true
}
