package journal

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// state is what a record has already, so that what the engine is asked for again is not taken twice.
type state struct {
	cursors map[stream]cursor
	events  map[eventKey]bool
	// gaps are those of one container, each of which is said once.
	gaps map[gapKey]bool
	// last is the newest event; lives has, for each container, the time of its newest start and end.
	last  time.Time
	lives map[string]life
	// over reports that the record has its last entry, and full that it said that no line is kept any more.
	over, full bool
}

// stream is one of the two outputs of a container.
type stream struct {
	container string
	stderr    bool
}

// cursor is how far a stream has been taken: up to so many messages of that time.
type cursor struct {
	at time.Time
	n  int
}

type eventKey struct {
	at                time.Time
	container, action string
}

// actionFull is that of the gap that says that no line is kept any more, actionEvents of one that is about events alone.
const (
	actionFull   = "full"
	actionEvents = "events"
)

type gapKey struct{ container, text string }

type life struct {
	start, end time.Time
	gone       bool
}

func newState() state {
	return state{cursors: map[stream]cursor{}, events: map[eventKey]bool{}, gaps: map[gapKey]bool{}, lives: map[string]life{}}
}

// note takes account of an entry that the record has.
func (s *state) note(e Entry) {
	switch e.Kind {
	case KindLine:
		key := stream{e.Container, e.Stderr}
		n := max(e.Messages, 1)
		if c := s.cursors[key]; c.at.Equal(e.Time) {
			n += c.n
		}
		s.cursors[key] = cursor{e.Time, n}
	case KindEvent:
		s.events[eventKey{e.Time.UTC(), e.Container, e.Action}] = true
		if e.Time.After(s.last) {
			s.last = e.Time
		}
		l := s.lives[e.Container]
		switch e.Action {
		case "start":
			l.start = e.Time
		case "die":
			l.end = e.Time
		case "destroy":
			l.gone = true
		}
		s.lives[e.Container] = l
	case KindGap:
		s.full = s.full || e.Action == actionFull
		if e.Container != "" {
			s.gaps[gapKey{e.Container, e.Text}] = true
		}
	case KindEnd:
		s.over = true
	}
}

// has reports whether the record has an event, or a gap of one container.
func (s *state) has(e Entry) bool {
	switch e.Kind {
	case KindEvent:
		return s.events[eventKey{e.Time.UTC(), e.Container, e.Action}]
	case KindGap:
		return s.gaps[gapKey{e.Container, e.Text}]
	default:
		return false
	}
}

// since returns from when on a container's log is to be asked for, and where its streams stand.
func (s *state) since(container string) (since time.Time, out, err cursor) {
	out, err = s.cursors[stream{container, false}], s.cursors[stream{container, true}]
	since = out.at
	if err.at.Before(since) {
		since = err.at
	}
	return since, out, err
}

// shortID is how much of a container's identifier is kept, as docker shows it.
func shortID(id string) string { return id[:min(len(id), 12)] }

// entryOf returns an event as an entry; ok is false for one that is of no interest.
func entryOf(ev engine.Event) (e Entry, ok bool) {
	service := ServiceOf(ev.Attributes, ev.Attributes["name"])
	if _, volume := label.VolumeName(service); volume {
		return Entry{}, false // of a container that is never started
	}
	action, detail, _ := strings.Cut(ev.Action, ": ")
	e = Entry{Time: ev.Time, Kind: KindEvent, Service: service, Container: shortID(ev.ID), Action: action, Attributes: map[string]string{}}
	for _, k := range []string{"name", "image", "exitCode", "signal", "execDuration", "oldName", "comment"} {
		if v, ok := ev.Attributes[k]; ok {
			e.Attributes[k] = v
		}
	}
	if detail != "" {
		e.Text = detail
	}
	return e, true
}

// ServiceOf returns the service that a container with these labels and that name runs. The container of a step of a
// start has no label for it.
func ServiceOf(labels map[string]string, name string) string {
	if s := labels[label.Service]; s != "" {
		return s
	}
	name = strings.TrimPrefix(name, "/")
	for _, prefix := range []string{"docker-bmo-" + labels[label.Instance] + "-", "docker-bmo-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// gap returns the entry that says that events are missing.
func gap(from, to time.Time) Entry {
	return Entry{Time: from, Kind: KindGap, Action: actionEvents, Text: fmt.Sprintf(
		"events from %s to %s may be missing: the engine no longer knows them; from then on the record is whole", from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))}
}

// died returns the end of a container as an event, for one whose own is lost.
func died(c engine.ContainerState, service string) []Entry {
	id := shortID(c.ID)
	at := map[string]string{"exitCode": fmt.Sprint(c.ExitCode), "name": strings.TrimPrefix(c.Name, "/"), "from": "inspect"}
	e := []Entry{{Time: c.Finished, Kind: KindEvent, Service: service, Container: id, Action: "die", Attributes: at}}
	if c.OOM {
		oom := maps.Clone(at)
		delete(oom, "exitCode")
		e = append([]Entry{{Time: c.Finished, Kind: KindEvent, Service: service, Container: id, Action: "oom", Attributes: oom}}, e...)
	}
	return e
}
