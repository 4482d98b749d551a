package journal

import (
	"context"
	"errors"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// maxTries is how often in a row the engine may fail at what somebody waits for, and steady how long nothing must have failed
// until it is no longer in a row: what is between docker bmo and an engine may cut a stream that is silent, each minute.
const (
	maxTries = 10
	steady   = 30 * time.Second
)

// tries are those in a row at which the engine has failed.
type tries struct {
	failed int
	last   time.Time
}

// again waits before the engine is asked again. It reports false when that is not to be: ctx is done, or giveUp, which may be
// nil, was told of the error.
func (t *tries) again(ctx context.Context, err error, giveUp func(error)) bool {
	if time.Since(t.last) > steady {
		t.failed = 0
	}
	t.failed, t.last = t.failed+1, time.Now()
	if t.failed == maxTries && giveUp != nil {
		giveUp(err)
		return false
	}
	return engine.Sleep(ctx, again)
}

// lost reports whether an answer to a question says that the engine is gone.
func lost(err error) bool {
	var final interface{ Final() bool }
	return errors.As(engine.Lost(err), &final) && final.Final()
}
