package bmo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// running puts an instance whose web service runs program onto the engine.
func running(t *testing.T, d *fixture, program enginetest.Program) (*Client, *Instance) {
	t.Helper()
	d.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] == "web" {
			return program
		}
		return enginetest.Serve("ready for connections")
	})
	d.AddInstance(t, "demo-1", d.AddSnapshot("demo", "aa", 1), instancetest.Noon, owner.Current())
	c := d.client(t)
	list, err := c.List(t.Context(), InstanceFilter{})
	assert.NilError(t, err)
	return c, &list[0]
}

// TestFollowKeepsStreamsApart, and shows what a service has printed before.
func TestFollowKeepsStreamsApart(t *testing.T) {
	d := newFixture(t)
	c, inst := running(t, d, func(p *enginetest.Proc) int {
		_, _ = io.WriteString(p.Stdout, "half ")
		_, _ = io.WriteString(p.Stderr, "trouble\n")
		_, _ = io.WriteString(p.Stdout, "a line\nunfinished")
		return 0
	})
	var web []string
	err := c.Follow(t.Context(), []*Instance{inst}, FollowOptions{CaughtUp: func() {}, Line: func(service, text string) {
		if service == "web" {
			web = append(web, text)
		}
	}})
	assert.Error(t, err, "service web ended with exit code 0")
	assert.DeepEqual(t, web, []string{"trouble", "half a line", "unfinished"})
}

// U3: a service that has done its work ends nothing; the others go on.
func TestU3FollowGoesOn(t *testing.T) {
	d := newFixture(t)
	c, inst := running(t, d, enginetest.Exit(0, "done"))
	inst.MayEnd = []string{"web"}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := c.Follow(ctx, []*Instance{inst}, FollowOptions{CaughtUp: func() {}, Line: func(service, _ string) {
		if service != "web" {
			return
		}
		go func() { // the engine says how it ended before it is asked
			_, err := c.engine.ExitCode(ctx, inst.Services["web"])
			assert.Check(t, err)
			cancel(enough)
		}()
	}})
	assert.Equal(t, err, enough)
}

// TestFollowWithoutOutput: a service may have a logging driver that keeps nothing, and its end is noticed nevertheless.
func TestFollowWithoutOutput(t *testing.T) {
	d := newFixture(t)
	end := make(chan struct{})
	c, inst := running(t, d, func(*enginetest.Proc) int { <-end; return 3 })
	d.Fail(http.MethodGet, "/containers/[^/]+/logs", http.StatusNotImplemented, "configured logging driver does not support reading", 100)
	d.Before(http.MethodPost, "/containers/[^/]+/wait", func(*http.Request) { close(end) })
	delete(inst.Services, "db")
	err := c.Follow(t.Context(), []*Instance{inst}, FollowOptions{CaughtUp: func() {}, Line: func(string, string) {}})
	assert.Error(t, err, "service web ended with exit code 3")
}
