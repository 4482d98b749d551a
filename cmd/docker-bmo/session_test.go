package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestSlowEngineIsSaid: an engine that does not answer at once, and one that has much to remove.
func TestSlowEngineIsSaid(t *testing.T) {
	was := slow
	t.Cleanup(func() { slow = was })
	slow = time.Nanosecond
	for request, text := range map[string]string{
		"/_ping": "waiting for the engine at ", "/networks": "removing what earlier commands have left behind",
	} {
		t.Run(text, func(t *testing.T) {
			d := newDocker(t)
			said := make(chan struct{})
			w := writerFunc(func(b []byte) {
				if strings.HasPrefix(string(b), text) {
					close(said)
				}
			})
			d.Before("(GET|HEAD)", request, func(*http.Request) {
				select {
				case <-said: // and only then does the engine answer
				case <-t.Context().Done():
				}
			})
			_, _, err := connect(t.Context(), d.cli(t, w, w))
			assert.NilError(t, err)
			<-said
		})
	}
}

// writerFunc is a writer that only looks on.
type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}
