package owner

import (
	"context"
	"time"
)

// View is what can be seen of owners from here. The zero value sees the processes of this process namespace.
type View struct {
	// Locks is the folder of this user's locks; see Hold. Without it none are looked at.
	Locks string
	// Container returns when the engine started the container that is running now, and "" when it does not run or is not
	// there. Without it, owners in containers are like those on another machine.
	Container func(ctx context.Context, id string) (since string, err error)
	// Now is the clock that objects have their times by; nil for this machine's.
	Now func() time.Time
}

func (v View) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

// Orphaned reports whether the owner that labels name is gone, as far as that can be proved, or the object was made
// longer ago than Foreign and nothing is known of the owner. Objects without an owner are not orphaned.
func (v View) Orphaned(ctx context.Context, labels map[string]string) bool {
	o, created, err := of(labels, v.now())
	if err != nil {
		return false
	}
	switch v.Look(ctx, o) {
	case Alive:
		return false
	case Gone:
		return true
	default:
		return v.now().Sub(created) >= Foreign
	}
}

// State is what is known of an owner.
type State int

// States of an owner.
const (
	// Unknown owners are on another machine, or in another process namespace.
	Unknown State = iota
	// Alive owners run, or at least nothing proves that they do not.
	Alive
	// Gone owners have provably ended.
	Gone
)

// Look finds out what can be known of an owner from here. What proves most is asked first: the lock that it holds, then
// its process, then its container.
func (v View) Look(ctx context.Context, o Owner) State {
	here := o.Boot != "" && o.Boot == boot()
	if here || o.Machine != "" && o.Machine == machine() {
		// On another machine a folder with our locks in it may be a network's, where locks need not be seen by all.
		if s := tryLock(v.Locks, o.Lock); s != Unknown {
			return s
		}
	}
	if here && o.Space != "" && o.Space == space() {
		return ofProcess(o)
	}
	if o.Container == "" || v.Container == nil {
		return Unknown
	}
	switch since, err := v.Container(ctx, o.Container); {
	case err != nil:
		return Unknown
	case since == "" || since != o.Since:
		return Gone // with its container, or before that was started again
	default:
		return Alive
	}
}

// ofProcess looks at an owner's process, which is one of this process namespace.
func ofProcess(o Owner) State {
	switch start := startTime(o.PID); {
	case !running(o.PID):
		return Gone
	case start != "" && o.Start != "" && start != o.Start: // somebody else by now
		return Gone
	default:
		return Alive
	}
}
