package engine

import (
	"context"
	"strings"
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

// lookTries is how often images are looked at; lookPause is the first pause between two looks.
const (
	lookTries = 10
	lookPause = 10 * time.Millisecond
)

// lookAgain looks at all of an engine's images. The containerd store fails when one of them goes meanwhile, whoever
// removes it ("content digest ... not found", "snapshot ... does not exist"): then it is asked again.
func lookAgain[T any](ctx context.Context, look func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		all, err := look()
		if err == nil || try == lookTries || !wentMeanwhile(err) {
			return all, err
		}
		select {
		case <-ctx.Done():
			return all, err
		case <-time.After(time.Duration(try) * lookPause):
		}
	}
}

// wentMeanwhile: there is always a list, so it cannot be the list that is not there.
func wentMeanwhile(err error) bool {
	return IsNotFound(err) || strings.Contains(err.Error(), "not found") || strings.Contains(err.Error(), "does not exist")
}
