package journal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Watch keeps a record up to date as long as a process lives: it follows the engine's events of its containers, and the
// output of each of them.
type Watch struct {
	record *Record
	e      *engine.Engine
	// of is the label that the containers have.
	of     string
	cancel context.CancelFunc
	events sync.WaitGroup
	// drainTime is how long the rest of what a container that has ended has printed is waited for.
	drainTime time.Duration
	// giveUp, if not nil, is told when the engine is lost. A watch without it asks again for as long as it lives.
	giveUp func(error)

	mu      sync.Mutex
	follows map[string]*follow
}

// follow is a container whose output is followed.
type follow struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (f *follow) over() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// watch begins to watch. It goes on when ctx is done: what is removed then is recorded, too. giveUp may be nil.
func watch(ctx context.Context, e *engine.Engine, r *Record, of string, giveUp func(error)) *Watch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &Watch{record: r, e: e, of: of, cancel: cancel, drainTime: usualDrainTime, giveUp: giveUp, follows: map[string]*follow{}}
	w.events.Go(func() { w.run(ctx) })
	return w
}

// Record returns where everything goes; it may be nil.
func (w *Watch) Record() *Record {
	if w == nil {
		return nil
	}
	return w.record
}

// again is how long after a lost stream the engine is asked anew.
var again = time.Second

// run follows the engine's events, and takes the stream up again when it breaks off.
func (w *Watch) run(ctx context.Context) {
	for t := (tries{}); ; {
		f := w.record.follower(func(ev engine.Event) {
			if ev.Action == "start" && printed(ev.Attributes) {
				w.follow(ctx, ev.ID, ServiceOf(ev.Attributes, ev.Attributes["name"]))
			}
		})
		err := w.e.Events(ctx, f.since.Add(-overlap), time.Time{}, f.take, w.of)
		if !t.again(ctx, err, w.giveUp) {
			return
		}
	}
}

// printed reports whether a container with these labels may print anything: not one that carries a volume, or a relay.
func printed(labels map[string]string) bool {
	_, volume := label.VolumeName(labels[label.Service])
	return !volume && !label.IsRelay(labels)
}

// follow begins to follow a container's output, unless that is under way.
func (w *Watch) follow(ctx context.Context, id, service string) *follow {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.follows[id]; f != nil && !f.over() {
		return f
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &follow{cancel: cancel, done: make(chan struct{})}
	w.follows[id] = f
	go func() {
		defer close(f.done)
		defer cancel()
		w.copy(ctx, id, service)
	}()
	return f
}

// copy records a container's output until it has ended, however often that is interrupted, or the engine is lost: a stream
// that breaks is asked for again, and a question that meets no engine shows that there is none.
func (w *Watch) copy(ctx context.Context, id, service string) {
	for t := (tries{}); ; {
		over, err := w.record.fetchLines(ctx, w.e, id, service, true)
		if over {
			_, err = w.e.ExitCode(ctx, id)
		}
		if ctx.Err() != nil || engine.IsNotFound(err) {
			return
		}
		c, gone := w.e.Look(ctx, id)
		if engine.IsNotFound(gone) || err == nil && gone == nil && !c.Running {
			return
		}
		if w.giveUp != nil && lost(gone) {
			w.giveUp(gone)
			return
		}
		if gone != nil {
			err = gone
		}
		if err != nil && !t.again(ctx, err, w.giveUp) {
			return
		}
	}
}

const usualDrainTime = 10 * time.Second

// drain returns when all that a container has printed, which has ended, is recorded.
func (w *Watch) drain(ctx context.Context, c engine.ContainerState) {
	if w.record == nil || c.Started.IsZero() {
		return
	}
	service := ServiceOf(c.Labels, c.Name)
	if !w.wait(ctx, w.follow(ctx, c.ID, service)) {
		w.record.Add(Entry{Kind: KindGap, Service: service, Container: shortID(c.ID), Text: fmt.Sprintf(
			"the rest of what it has printed is missing: it could not be read within %s", w.drainTime)})
	}
}

// wait reports whether all of a container's output has come before the time was up.
func (w *Watch) wait(ctx context.Context, f *follow) bool {
	ctx, cancel := context.WithTimeout(ctx, w.drainTime)
	defer cancel()
	select {
	case <-f.done:
		return true
	case <-ctx.Done():
		if f.over() { // just now
			return true
		}
		f.cancel()
		<-f.done
		return false
	}
}

// close ends the watch, when all that has happened up to now is recorded. left is how many containers are still there.
func (w *Watch) close(ctx context.Context) (left int, err error) {
	list, err := w.e.Containers(ctx, w.of)
	running := map[string]bool{}
	for _, c := range list {
		running[c.ID] = c.State == "running" || c.State == "paused" || err != nil
	}
	w.mu.Lock()
	follows := make(map[string]*follow, len(w.follows))
	for id, f := range w.follows {
		follows[id] = f
	}
	w.mu.Unlock()
	for id, f := range follows {
		if running[id] || err != nil {
			f.cancel()
		}
		w.wait(ctx, f)
	}
	w.stop() // also what has begun to be followed since
	if err == nil {
		err = w.record.fetchEvents(ctx, w.e, w.of)
	}
	return len(list), err
}

// stop ends a watch as it is; nothing comes afterwards.
func (w *Watch) stop() {
	w.cancel()
	w.events.Wait() // it may begin to follow
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.follows {
		f.cancel()
	}
	for _, f := range w.follows {
		<-f.done
	}
}

// idle returns when no container's output is followed any more, or ctx is done.
func (w *Watch) idle(ctx context.Context) {
	for w.busy() && engine.Sleep(ctx, 20*time.Millisecond) {
	}
}

// busy reports whether a container's output is followed.
func (w *Watch) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.follows {
		if !f.over() {
			return true
		}
	}
	return false
}
