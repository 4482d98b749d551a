package bmo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/journal"
)

// Event is something that happened to a bootstrap or an instance: the engine did it, or docker bmo.
type Event struct {
	// Time is the engine's.
	Time time.Time
	// Type is "container" for what the engine did, "step", "probe" and "service" for what docker bmo did and saw, and
	// "record" for what is to be said of the record itself.
	Type string
	// Action is docker's word for what happened to a container: create, start, kill, die, oom, commit, destroy, ...; of a
	// step begin, done or failed, of a probe waiting or answered, of a service ready, of a record note, gap or end.
	Action string
	// Service is empty for what is about everything together.
	Service string
	// Actor is a container, a step, or what a probe asks for.
	Actor string
	// Attributes are docker's for a container, such as exitCode and signal; error for a step or a probe.
	Attributes map[string]string
}

// EventOptions say which events are meant.
type EventOptions struct {
	LogOptions
	// Filters are docker's, by name: type, event, service, container. One value of each name must match.
	Filters map[string][]string
}

// eventFilters are the names of Filters.
var eventFilters = []string{"container", "event", "service", "type"}

// CheckEventFilters returns an error for a filter that there is none of.
func CheckEventFilters(filters map[string][]string) error {
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if !slices.Contains(eventFilters, name) {
			return fmt.Errorf("invalid filter '%s'", name) // docker's words
		}
	}
	return nil
}

func (o EventOptions) match(e Event) bool {
	for name, values := range o.Filters {
		has := map[string][]string{
			"type": {e.Type}, "event": {e.Action}, "service": {e.Service},
			"container": {e.Actor, e.Attributes["name"]},
		}[name]
		if !slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(has, func(h string) bool {
				return h == v || name == "container" && h != "" && e.Type == "container" && h == e.Actor && strings.HasPrefix(v, h)
			})
		}) {
			return false
		}
	}
	return true
}

// lastEvents is how long what happens to an instance that prints nothing any more is waited for: it may be on its way out.
const lastEvents = 2 * time.Second

// Events calls show with what happened, in the order of time, and then with what happens, if o.Follow is set. name is
// what it is for Logs; o.Tail counts all events together.
func (c *Client) Events(ctx context.Context, name string, o EventOptions, show func(Event)) error {
	if err := CheckEventFilters(o.Filters); err != nil {
		return err
	}
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	tail := q.Tail
	q.Tail, q.Match = -1, func(e journal.Entry) bool { return e.Kind != journal.KindLine }
	v, err := c.open(ctx, name, q)
	if err != nil {
		return err
	}
	defer v.Close()
	v.Linger = lastEvents
	var all []Event
	err = v.Read(func(e journal.Entry) error {
		if ev := eventOf(e); o.match(ev) {
			all = append(all, ev)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	if tail >= 0 && len(all) > tail {
		all = all[len(all)-tail:]
	}
	for _, ev := range all {
		show(ev)
	}
	if !o.Follow {
		return nil
	}
	return follow(ctx, v, q, func(e journal.Entry) {
		if ev := eventOf(e); o.match(ev) {
			show(ev)
		}
	})
}

// eventOf returns an entry of a record that is no line.
func eventOf(e journal.Entry) Event {
	ev := Event{Time: e.Time, Action: e.Action, Service: e.Service, Actor: e.Text, Attributes: map[string]string{}}
	maps.Copy(ev.Attributes, e.Attributes)
	if e.Times > 1 {
		ev.Attributes["times"] = fmt.Sprint(e.Times)
	}
	switch e.Kind {
	case journal.KindEvent:
		ev.Type, ev.Actor = "container", e.Container
		if e.Text != "" {
			ev.Attributes["detail"] = e.Text
		}
	case journal.KindStep, journal.KindProbe:
		ev.Type = string(e.Kind)
	case journal.KindReady:
		ev.Type, ev.Action, ev.Actor = "service", "ready", e.Service
	case journal.KindEnd:
		ev.Type, ev.Action = "record", "end"
		ev.Attributes["how"] = e.Action
	default:
		ev.Type, ev.Action = "record", string(e.Kind)
	}
	return ev
}
