package engine

import (
	"context"
	"strings"
	"time"
)

// removeTries is how often a removal is tried: engines report temporary problems ("device or resource busy", a network
// with "active endpoints") that are gone a moment later.
const removeTries = 5

// Retry calls remove until it succeeds, a few times with growing pauses between, and returns its last error. It is for
// teardown only; anything else fails for a reason.
func Retry(ctx context.Context, remove func() error) error {
	for try := 1; ; try++ {
		err := remove()
		if err == nil || try == removeTries {
			return err
		}
		if !Sleep(ctx, time.Duration(try)*retryPause) {
			return err
		}
	}
}

// Sleep waits for d, and reports false, at once, when ctx is done.
func Sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return ctx.Err() == nil
	}
}

// retryPause is the first pause of Retry.
var retryPause = 100 * time.Millisecond

// lookTries is how often listing the images is tried; lookPause is the first pause between two attempts.
const (
	lookTries = 10
	lookPause = 10 * time.Millisecond
)

// lookAgain calls look, which lists all of an engine's images, and retries it. The containerd store fails when an image
// is removed during the call, by whomever ("content digest ... not found", "snapshot ... does not exist").
func lookAgain[T any](ctx context.Context, look func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		all, err := look()
		if err == nil || try == lookTries || !wentMeanwhile(err) {
			return all, err
		}
		if !Sleep(ctx, time.Duration(try)*lookPause) {
			return all, err
		}
	}
}

// wentMeanwhile reports whether err is caused by an image that was removed during a listing: the list itself always
// exists, so "not found" cannot mean the list.
func wentMeanwhile(err error) bool {
	return IsNotFound(err) || strings.Contains(err.Error(), "not found") || strings.Contains(err.Error(), "does not exist")
}
