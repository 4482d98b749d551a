package engine

import (
	"context"
	"time"
)

// removeTries is how often a removal is tried: engines report passing trouble ("device or resource busy", a network
// with "active endpoints") that is gone a moment later.
const removeTries = 5

// Retry calls remove until it succeeds, a few times with growing pauses between, and returns its last error. It is for
// tearing down; anything else fails for a reason.
func Retry(ctx context.Context, remove func() error) error {
	for try := 1; ; try++ {
		err := remove()
		if err == nil || try == removeTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * retryPause):
		}
	}
}

// retryPause is the first pause of Retry.
var retryPause = 100 * time.Millisecond
