package instance

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/probe"
)

// TestWithin: Within overrides what the stack and the request say, whether shorter or longer.
func TestWithin(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[1].Ready.Timeout = time.Nanosecond
	f.req.Within = long
	f.programs["web"] = func(p *enginetest.Proc) int {
		tries := 0
		p.Listen(8000, enginetest.HTTP(answers(func() int { tries++; return map[bool]int{true: 200, false: 503}[tries > 2] })))
		return p.UntilStopped(0)
	}
	f.start(t)
}

func TestNotReadyWithin(t *testing.T) {
	f := newFixture(t)
	for i := range f.req.Stack.Services {
		f.req.Stack.Services[i].Ready.Timeout = long
	}
	f.req.Within = 50 * time.Millisecond
	f.programs["web"] = func(p *enginetest.Proc) int {
		p.Listen(8000, enginetest.HTTP(answers(func() int { return 503 })))
		return p.UntilStopped(0)
	}
	_, err := Start(t.Context(), f.req)
	var late *probe.NotReadyError
	assert.Assert(t, errors.As(err, &late), "%v", err)
	assert.Assert(t, late.After >= f.req.Within, "the whole time is told, not the rest that the last probe had: %s", late.After)
	f.leavesNothing(t)
}

// answers is a handler that asks for its status at each request.
func answers(status func() int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status()) })
}
