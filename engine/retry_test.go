package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

func TestRetry(t *testing.T) {
	defer func(was time.Duration) { retryPause = was }(retryPause)
	retryPause = 0
	busy := errors.New("device or resource busy")
	for _, c := range []struct {
		failures, calls int
		want            error
	}{{0, 1, nil}, {1, 2, nil}, {4, 5, nil}, {5, 5, busy}, {100, 5, busy}} {
		calls := 0
		err := Retry(t.Context(), func() error {
			if calls++; calls <= c.failures {
				return busy
			}
			return nil
		})
		assert.Equal(t, err, c.want)
		assert.Equal(t, calls, c.calls)
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	defer func(was time.Duration) { retryPause = was }(retryPause)
	retryPause = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	busy := errors.New("device or resource busy")
	assert.Equal(t, Retry(ctx, func() error { cancel(); return busy }), busy)
}

func TestLookAgainEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	looks, gone := 0, errors.New("content digest sha256:abc: not found")
	_, err := lookAgain(ctx, func() (any, error) {
		looks++
		cancel()
		return nil, gone
	})
	assert.Equal(t, err, gone)
	assert.Equal(t, looks, 1)
}
