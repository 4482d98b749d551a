package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// RoomTimeout is how long a start waits for memory or addresses that others have.
const RoomTimeout = 10 * time.Minute

// roomTimeout is RoomTimeout, and roomPause how long it is until the engine is asked again. askedAgo is how old an answer
// about its memory may be that takes a question for each of its containers.
var roomTimeout, roomPause, askedAgo = RoomTimeout, time.Second, 2 * time.Second

// leastNeed is how much memory an instance is taken to need, in bytes for each service, as long as none has been
// measured; keptFree is the part of the engine's memory, one of so many, that is left to everything else.
const (
	leastNeed = 16 << 20
	keptFree  = 50
)

// NoRoomError reports that the engine has had no room for an instance for as long as After.
type NoRoomError struct {
	What  string
	After time.Duration
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("no room within %s: %s", e.After, e.What)
}

// Hint says how to make room.
func (e *NoRoomError) Hint() string {
	return "stop instances (`docker bmo stop`), or start fewer with --number"
}

// room is what the starts of one command share: how many of them are under way, and what memory an instance takes.
type room struct {
	Request
	n, atOnce int
	slots     chan struct{}

	asking sync.Mutex
	last   engine.Memory
	asked  time.Time

	mu       sync.Mutex
	need     int64 // memory of an instance, in bytes
	measured bool
	// How many start, are ready, and have failed.
	starting, up, failed int
	show                 func(what, why string)
}

func newRoom(r Request, n, atOnce int) *room {
	atOnce = max(atOnce, 1)
	return &room{
		Request: r, n: n, atOnce: atOnce, slots: make(chan struct{}, atOnce), show: func(string, string) {},
		need: leastNeed * int64(max(len(launch.Lasting(r.Stack)), 1)),
	}
}

// check returns an error if there will never be room for all of them: the engine's addresses, ports or memory do not
// suffice, even if nothing else has any.
func (r *room) check(ctx context.Context) error {
	if all, known := r.Engine.Subnets(launch.Addresses(r.Stack)); known && r.n > all {
		return hint.Wrap(fmt.Errorf("%d instances need as many subnets: the range for them has %d", r.n, all), engine.SubnetsHint)
	}
	if ports := lastPort - firstPort; r.n > ports {
		return hint.Wrap(fmt.Errorf("%d instances need as many ports: there are %d, from %d on", r.n, ports, firstPort), "start fewer with --number")
	}
	if err := r.measure(ctx, label.Key+"="+r.Snapshot.Key); err != nil {
		return err
	}
	m, err := r.ask(ctx)
	if err != nil {
		return err
	}
	if total := r.need * int64(r.n); total > m.Total && m.Total > 0 {
		return hint.Wrap(fmt.Errorf("%d instances need %s of memory, at %s each: the engine has %s", r.n, units.BytesSize(float64(total)),
			units.BytesSize(float64(r.need)), units.BytesSize(float64(m.Total))), "start fewer with --number")
	}
	return nil
}

// measure finds out what memory an instance takes, from those with a label that are ready, if there are any.
func (r *room) measure(ctx context.Context, of string) error {
	o, err := look(ctx, r.Engine, of)
	if err != nil {
		return err
	}
	for _, i := range o.instances() {
		if i.State != Ready || i.Flavor != cmp.Or(r.Flavor, stack.DefaultFlavor) {
			continue
		}
		used, err := r.Engine.UsedMemory(ctx, label.Instance+"="+i.Name)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.need, r.measured = max(r.need, used), true
		r.mu.Unlock()
		return nil
	}
	return nil
}

// turn returns when fewer start than may at a time. The caller calls done when its start is over.
func (r *room) turn(ctx context.Context) (done func(), err error) {
	select {
	case r.slots <- struct{}{}:
		return func() { <-r.slots }, context.Cause(ctx)
	case <-ctx.Done():
		return func() {}, context.Cause(ctx)
	}
}

// start starts an instance when there is room for it: memory and addresses.
func (r *room) start(ctx context.Context, q Request) (*Instance, error) {
	if err := r.await(ctx, q, r.memory); err != nil {
		return nil, err
	}
	defer r.count(&r.starting, -1)
	var i *Instance
	err := r.await(ctx, q, func(ctx context.Context) (string, error) {
		var err error
		i, err = Start(ctx, q)
		var none *engine.NoSubnetError
		if errors.As(err, &none) && r.n > 1 {
			return none.Error(), nil
		}
		return "", err
	})
	if err != nil {
		r.count(&r.failed, 1)
		return nil, err
	}
	r.count(&r.up, 1)
	r.mu.Lock()
	learn := !r.measured && r.n > 1
	r.measured = true
	r.mu.Unlock()
	if learn { // if that fails, more starts are let in than there may be room for
		_ = r.measure(ctx, label.Instance+"="+i.Name)
	}
	return i, nil
}

// memory takes memory for one more that starts, or returns why there is none.
func (r *room) memory(ctx context.Context) (lacks string, err error) {
	m, err := r.ask(ctx)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	want := r.need*int64(r.starting+1) + m.Total/keptFree
	if m.Free < want && m.Total > 0 {
		return fmt.Sprintf("an instance takes %s of memory, %d start, and %s of %s is free", units.BytesSize(float64(r.need)), r.starting,
			units.BytesSize(float64(m.Free)), units.BytesSize(float64(m.Total))), nil
	}
	r.starting++
	r.status()
	return "", nil
}

// ask returns the engine's memory; a Total of 0 says that it is not known. For a single instance it does not ask every
// container on the engine.
func (r *room) ask(ctx context.Context) (m engine.Memory, err error) {
	if m, ok := r.Engine.OwnMemory(); ok || r.n == 1 {
		if !ok {
			m.Total = 0
		}
		return m, nil
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	if time.Since(r.asked) > askedAgo {
		if r.last, err = r.Engine.Memory(ctx); err == nil {
			r.asked = time.Now()
		}
	}
	return r.last, err
}

// await tries until nothing is lacking, and shows what it waits for and for how long.
func (r *room) await(ctx context.Context, q Request, try func(context.Context) (lacks string, err error)) error {
	lacks, err := try(ctx)
	if err != nil || lacks == "" {
		return err
	}
	name := "wait for room"
	if q.Title != "" {
		name += " for " + q.Title
	}
	return q.Progress.Step(ctx, name, func(ctx context.Context, log *progress.Log) error {
		for began := time.Now(); lacks != ""; {
			log.SetStatus("waiting until others end", lacks)
			select {
			case <-time.After(roomPause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if waited := time.Since(began); waited > roomTimeout {
				return &NoRoomError{What: lacks, After: roomTimeout}
			}
			if lacks, err = try(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// count changes one of the counters.
func (r *room) count(of *int, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*of += by
	r.status()
}

// status shows who waits for what; r.mu is held.
func (r *room) status() {
	wait := r.n - r.up - r.failed - r.starting
	if wait <= 0 {
		r.show("", "")
		return
	}
	r.show(fmt.Sprintf("%d of %d are ready, %d wait for a turn", r.up, r.n, wait), fmt.Sprintf("%d start at a time; see --parallel", r.atOnce))
}
