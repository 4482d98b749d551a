package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestR5StreamsGoOn: a stream that has begun lives as long as its context; one that fails, or begins too late, does not.
func TestR5StreamsGoOn(t *testing.T) {
	l := newLimits(func() string { return "here" })
	l.answer = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	stream := func(limited context.Context) (context.Context, error) { return limited, nil }
	limited, err := open(ctx, l, "read", stream)
	assert.NilError(t, err)
	assert.NilError(t, limited.Err())
	cancel()
	<-limited.Done()

	limited, err = open(t.Context(), l, "read", func(limited context.Context) (context.Context, error) { return limited, errors.New("no") })
	assert.Error(t, err, "no")
	<-limited.Done()

	l.answer = time.Nanosecond
	_, err = open(t.Context(), l, "read", func(limited context.Context) (context.Context, error) {
		<-limited.Done()
		return limited, nil
	})
	assert.Error(t, err, "the docker engine at here has not answered within 1ns: read")
}
