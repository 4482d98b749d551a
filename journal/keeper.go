package journal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Keeper keeps records of what this process does on an engine, and makes those whole that others have begun, before it
// removes what they are about. A nil Keeper keeps nothing.
type Keeper struct {
	e       *engine.Engine
	archive *Archive
	warn    func(error)
	slow    func(string) (done func())

	mu      sync.Mutex
	engine  string
	warned  bool
	watches map[string]*Watch
	others  map[string]*other
	// deadlines are until when records are waited for that other processes go on with.
	deadlines map[string]time.Time
}

// other is a record that another process has begun.
type other struct {
	*Record
	ended map[string]engine.ContainerState
	// users are how many goroutines read into it.
	users int
}

// NewKeeper returns a keeper for an engine. From then on no container is removed before what it has printed is recorded.
// warn is told, once, of trouble with the files.
func NewKeeper(e *engine.Engine, a *Archive, warn func(error)) *Keeper {
	k := &Keeper{
		e: e, archive: a, warn: warn, slow: func(string) func() { return func() {} },
		watches: map[string]*Watch{}, others: map[string]*other{}, deadlines: map[string]time.Time{},
	}
	e.OnRemove(k.beforeRemove)
	return k
}

// OnSlow has fn called with what is waited for, and done when that is over.
func (k *Keeper) OnSlow(fn func(text string) (done func())) { k.slow = fn }

// At says which engine it is, by its identifier.
func (k *Keeper) At(engine string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.engine = engine
}

// Begin begins the record of what is about to be started. The containers must have the header's ID as label.Record. If
// no record can be kept, the watch has none.
func (k *Keeper) Begin(ctx context.Context, h Header) *Watch {
	if k == nil || h.ID == "" {
		return nil
	}
	k.mu.Lock()
	h.Engine, h.Created = k.engine, k.e.Now()
	k.mu.Unlock()
	r, err := k.archive.Create(h, k.e.Now)
	if err != nil {
		k.trouble(fmt.Errorf("no record is kept: %w", err))
		return nil
	}
	if k.archive.crowded(time.Now()) {
		if _, err := k.Prune(ctx, Usual); err != nil && ctx.Err() == nil {
			k.trouble(fmt.Errorf("old records could not be removed: %w", err))
		}
	}
	w := watch(ctx, k.e, r, label.Record+"="+h.ID, nil)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.watches[h.ID] = w
	return w
}

// trouble says, once, that something is not kept. It is no reason to stop the work.
func (k *Keeper) trouble(err error) {
	k.mu.Lock()
	first := !k.warned
	k.warned = true
	k.mu.Unlock()
	if first && err != nil {
		k.warn(hint.Wrap(err, "XDG_STATE_HOME names a folder for it"))
	}
}

// End ends the watch on a record that Begin has begun. If nothing is left of what it is about, how it ended is its last
// entry. It may be called several times.
func (k *Keeper) End(ctx context.Context, id, how string, reason error) {
	if k == nil {
		return
	}
	k.mu.Lock()
	w := k.watches[id]
	delete(k.watches, id)
	k.mu.Unlock()
	if w == nil {
		return
	}
	left, err := w.close(ctx)
	if left == 0 && err == nil {
		text := ""
		if reason != nil {
			text = reason.Error()
		}
		w.record.End(how, text)
	}
	if err := w.record.Close(); err != nil {
		k.trouble(fmt.Errorf("the record is not whole: %w", err))
	}
}

// beforeRemove records what a container has printed that is about to be removed. One that runs is killed first, which is
// what its removal would do: only then is there nothing more to come.
func (k *Keeper) beforeRemove(ctx context.Context, id string) {
	c, err := k.e.Look(ctx, id)
	of := c.Labels[label.Record]
	if err != nil || of == "" || !printed(c.Labels) {
		return
	}
	if c.Running {
		if c, err = k.kill(ctx, id); err != nil || c.Running {
			return
		}
	}
	k.mu.Lock()
	w := k.watches[of]
	k.mu.Unlock()
	if w != nil {
		w.drain(ctx, c)
		return
	}
	o := k.resume(ctx, of, c)
	if o == nil {
		return
	}
	defer k.release(o)
	if !c.Started.IsZero() {
		if _, err := o.fetchLines(ctx, k.e, id, ServiceOf(c.Labels, c.Name), false); err != nil && ctx.Err() == nil {
			o.Add(Entry{Kind: KindGap, Service: ServiceOf(c.Labels, c.Name), Container: shortID(id), Text: fmt.Sprintf("the rest of what it has printed could not be read: %v", err)})
		}
	}
}

// kill ends a container and returns what it is then. The engine refuses to kill one that somebody else has just killed, and
// may still say for a moment that it runs.
func (k *Keeper) kill(ctx context.Context, id string) (engine.ContainerState, error) {
	_ = k.e.Signal(ctx, id, "KILL")
	for try := 1; ; try++ {
		c, err := k.e.Look(ctx, id)
		if err != nil || !c.Running || try == settleTries || !engine.Sleep(ctx, settlePause) {
			return c, err
		}
	}
}

// other returns a record that another process has begun, if this one can go on with it and it is not over, and takes a note
// of one of its containers. The caller calls release.
func (k *Keeper) other(id string, c engine.ContainerState) (*other, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.others[id]
	if o == nil {
		r, err := k.archive.AppendOrCreate(headerOf(id, c), k.e.Now)
		if err != nil {
			return nil, err
		}
		if r.state.over { // somebody else has swept the same
			return nil, r.Close()
		}
		o = &other{Record: r, ended: map[string]engine.ContainerState{}}
		k.others[id] = o
	}
	o.ended[c.ID] = c
	o.users++
	return o, nil
}

// release says that all of a container has been read into a record that other has returned.
func (k *Keeper) release(o *other) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o.users--
}

// headerOf returns what the labels of a container say of a record that is not here.
func headerOf(id string, c engine.ContainerState) Header {
	return Header{
		ID: id, Kind: c.Labels[label.Role], Name: c.Labels[label.Instance], Key: c.Labels[label.Key], Stack: c.Labels[label.Stack],
		Created: c.Created,
	}
}

// Settle makes the records whole of what was removed since the last call. One that is still read into is left to the call
// of whoever does that.
func (k *Keeper) Settle(ctx context.Context) {
	if k == nil {
		return
	}
	k.mu.Lock()
	others := map[string]*other{}
	for id, o := range k.others {
		if o.users == 0 {
			others[id] = o
			delete(k.others, id)
		}
	}
	k.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(settleAtOnce)
	for id, o := range others {
		group.Go(func() error {
			k.settle(ctx, id, o)
			return nil
		})
	}
	_ = group.Wait()
}

// settleAtOnce is how many records are made whole at a time.
const settleAtOnce = 8

// settle makes a record whole of what was removed.
func (k *Keeper) settle(ctx context.Context, id string, o *other) {
	of := label.Record + "=" + id
	err := o.fetchRemoval(ctx, k.e, of)
	for _, c := range o.ended {
		o.fetchEnd(c, ServiceOf(c.Labels, c.Name))
	}
	if left, lerr := k.e.Containers(ctx, of); err == nil && lerr == nil && len(left) == 0 {
		o.End("removed", "")
	}
	if err := o.Close(); err != nil {
		k.trouble(fmt.Errorf("the record is not whole: %w", err))
	}
}

// settleTries is how often, and settlePause after what pause, the events of a removal are asked for: a container that another
// process removes at the same time is no longer listed a moment before the engine says so.
const (
	settleTries = 20
	settlePause = 50 * time.Millisecond
)

// fetchRemoval takes the events up to the removal of the containers.
func (o *other) fetchRemoval(ctx context.Context, e *engine.Engine, of string) error {
	for try := 1; ; try++ {
		if err := o.fetchEvents(ctx, e, of); err != nil || o.removed() || try == settleTries {
			return err
		}
		if !engine.Sleep(ctx, settlePause) {
			return ctx.Err()
		}
	}
}

// removed reports whether the record has the removal of all of the containers.
func (o *other) removed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id := range o.ended {
		if !o.state.lives[shortID(id)].gone {
			return false
		}
	}
	return true
}

// Prune removes records of what is gone until the limits are kept, and returns those removed.
func (k *Keeper) Prune(ctx context.Context, l Limits) ([]Info, error) {
	if k == nil {
		return nil, nil
	}
	list, err := k.e.Containers(ctx, label.Record)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, c := range list {
		there[c.Labels[label.Record]] = true
	}
	k.mu.Lock()
	at := k.engine
	k.mu.Unlock()
	return k.archive.Prune(l, time.Now(), at, func(id string) bool { return there[id] })
}
