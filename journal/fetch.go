package journal

import (
	"context"
	"errors"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// slack is how far apart the clocks of the engine and of this machine may be without anybody having noticed.
const slack = 20 * time.Millisecond

// before is how long before a record begins the engine's events are asked for: they are of containers of the record
// alone, and the clocks may differ.
const before = 10 * time.Second

// overlap is how long before its newest event a record asks for events: Docker 29 rounds the time that it is asked for, by
// up to a microsecond, and would leave that event out.
const overlap = time.Millisecond

// eventsSince returns from when on the engine's events are missing; known reports that the record has one of that time.
func (r *Record) eventsSince() (since time.Time, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.last.IsZero() {
		return r.Created.Add(-before), false
	}
	return r.state.last, true
}

// follower takes events of the engine from a time on, and finds out whether there are some that it no longer knows: the
// newest one that the record has must come again.
type follower struct {
	record *Record
	since  time.Time
	// open reports that it is not known yet whether events are missing.
	open bool
	then func(engine.Event)
}

func (r *Record) follower(then func(engine.Event)) *follower {
	f := &follower{record: r, then: then}
	f.since, f.open = r.eventsSince()
	return f
}

func (f *follower) take(ev engine.Event) {
	e, ok := entryOf(ev)
	if !ok {
		return
	}
	f.check(e.Time, func() bool { return f.record.knows(e) })
	f.record.Add(e)
	if f.then != nil {
		f.then(ev)
	}
}

// check notes a gap, once, unless what has come is known already.
func (f *follower) check(at time.Time, known func() bool) {
	if f.open && !known() {
		f.record.Add(gap(f.since, at))
	}
	f.open = false
}

func (r *Record) knows(e Entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.has(e)
}

// fetchEvents takes the events up to now that the record does not have.
func (r *Record) fetchEvents(ctx context.Context, e *engine.Engine, of string) error {
	f := r.follower(nil)
	until := e.Now().Add(slack)
	err := e.Events(ctx, f.since.Add(-overlap), until, f.take, of)
	if err == nil {
		f.check(until, func() bool { return false })
	}
	return err
}

// fetchLines takes what a container has printed and the record does not have; with follow, also what it prints until it
// ends or ctx is done. over reports that there is nothing more to ask for, whether the container has ended or not: nothing
// can be read, or nothing more is kept.
func (r *Record) fetchLines(ctx context.Context, e *engine.Engine, id, service string, follow bool) (over bool, err error) {
	r.mu.Lock()
	j, since := r.state.joiner(service, shortID(id), r.Add)
	r.mu.Unlock()
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	err = e.Messages(ctx, id, since, follow, func(m engine.Message) {
		j.take(m)
		if r.isFull() {
			enough()
		}
	})
	if r.isFull() {
		return true, nil
	}
	if engine.IsUnreadable(err) {
		r.Add(Entry{Kind: KindGap, Service: service, Container: shortID(id), Text: "what " + service + " prints is not kept: its logging driver cannot be read"})
		return true, nil
	}
	if err == nil && ctx.Err() == nil {
		if c, err := e.Look(ctx, id); follow || err == nil && !c.Running {
			j.end()
		}
	}
	return false, err
}

// fetchEnd takes the end of a container, unless the record has it.
func (r *Record) fetchEnd(c engine.ContainerState, service string) {
	if c.Running || c.Finished.IsZero() {
		return
	}
	r.mu.Lock()
	l := r.state.lives[shortID(c.ID)]
	r.mu.Unlock()
	if l.end.IsZero() || l.end.Before(l.start) {
		for _, e := range died(c, service) {
			r.Add(e)
		}
	}
}

// fetch takes everything that the engine knows of the containers that have a label, and the record does not have.
func (r *Record) fetch(ctx context.Context, e *engine.Engine, of string) error {
	list, err := e.Containers(ctx, of)
	if err != nil {
		return err
	}
	errs := []error{r.fetchEvents(ctx, e, of)}
	for _, c := range list {
		service := ServiceOf(c.Labels, c.Name)
		if !printed(c.Labels) {
			continue
		}
		_, err := r.fetchLines(ctx, e, c.ID, service, false)
		errs = append(errs, err)
		if st, err := e.Look(ctx, c.ID); err == nil {
			r.fetchEnd(st, service)
		}
	}
	return errors.Join(errs...)
}
