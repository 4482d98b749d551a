package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// Event is something that the engine has done to a container, or that has happened to one.
type Event struct {
	// Time is the engine's own.
	Time time.Time
	// Action is docker's word for it: create, start, kill, die, oom, commit, destroy, ...
	Action string
	// ID is the container's identifier. Attributes are its labels and what the engine says of the event, such as exitCode
	// and signal.
	ID         string
	Attributes map[string]string
}

// actions are those that are asked for: engines also report each exec, and a probe may be thousands of them.
var actions = []string{
	"create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "rename", "health_status", "commit",
	"destroy", "update",
}

// Events calls fn with the events of containers that have all of the labels, in the engine's order: those from since on
// that the engine still knows, and then those that come, until ctx is done or, if until is not zero, up to that time.
// Engines remember few (256) events, and forget them when they end. The end of ctx is no error.
func (e *Engine) Events(ctx context.Context, since, until time.Time, fn func(Event), labels ...string) error {
	f := filters.NewArgs(filters.Arg("type", "container"))
	for _, a := range actions {
		f.Add("event", a)
	}
	for _, l := range labels {
		f.Add("label", l)
	}
	o := events.ListOptions{Since: unix(since), Filters: f}
	if !until.IsZero() {
		o.Until = unix(until)
	}
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k, what := e.limits.question(), "list events"
	if !until.IsZero() {
		defer time.AfterFunc(k.limit, cancel).Stop()
	}
	messages, errs := e.api.Events(ctx, o)
	for {
		select {
		case m := <-messages:
			fn(eventOf(m))
		case err := <-errs:
			if asked.Err() != nil || !until.IsZero() && errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("follow the engine's events: %w", cut(e.limits.explain(asked, ctx, k, what, err)))
		}
	}
}

func eventOf(m events.Message) Event {
	at := time.Unix(0, m.TimeNano)
	if m.TimeNano == 0 {
		at = time.Unix(m.Time, 0)
	}
	return Event{Time: at.UTC(), Action: string(m.Action), ID: m.Actor.ID, Attributes: m.Actor.Attributes}
}

// unix returns a time as the Engine API takes it.
func unix(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10) + fmt.Sprintf(".%09d", t.Nanosecond())
}

// Now returns what the engine's clock shows, as far as Connect has seen. What the engine and this machine do can then be
// put in one order.
func (e *Engine) Now() time.Time { return e.Then(time.Now()) }

// Then returns what the engine's clock showed when this machine's showed t.
func (e *Engine) Then(t time.Time) time.Time { return t.Add(time.Duration(e.ahead.Load())).UTC() }

// noteClock compares the engine's clock with this machine's, which was asked for it at asked.
func (e *Engine) noteClock(engine string, asked time.Time) {
	at, err := time.Parse(time.RFC3339Nano, engine)
	if err != nil {
		return
	}
	ahead := at.Sub(asked.Add(time.Since(asked) / 2))
	if took := time.Since(asked); ahead.Abs() <= took {
		ahead = 0 // one clock, as far as can be seen
	}
	e.ahead.Store(int64(ahead))
}
