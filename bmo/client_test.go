package bmo

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestSlowEngineIsSaid: an engine that does not answer at once, and one that has much to remove.
func TestSlowEngineIsSaid(t *testing.T) {
	was := slowAfter
	t.Cleanup(func() { slowAfter = was })
	slowAfter = time.Nanosecond
	for request, text := range map[string]string{
		"/_ping": "waiting for the engine at ", "/networks": "removing what earlier commands left behind",
	} {
		t.Run(text, func(t *testing.T) {
			d := newFixture(t)
			said := make(chan struct{})
			c := d.client(t, WithNotices(func(notice string) {
				if strings.HasPrefix(notice, text) {
					close(said)
				}
			}))
			d.Before("(GET|HEAD)", request, func(*http.Request) {
				select {
				case <-said: // and only then does the engine answer
				case <-t.Context().Done():
				}
			})
			_, err := c.Sweep(t.Context())
			assert.NilError(t, err)
			<-said
		})
	}
}
