package journal

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// What a process does that has a record.
var (
	// ErrBusy reports that the process that has begun the record keeps it.
	ErrBusy = errors.New("another process keeps the record")
	// ErrResumed reports that a process goes on with the record that has not begun it.
	ErrResumed = errors.New("another process goes on with the record")
)

// lockTries is how often a lock is tried for, lockPause apart: readers take it for an instant, to see whether it is free.
const lockTries = 20

var lockPause = 5 * time.Millisecond

// lock takes the lock, and gives up when it is not free after an instant.
func lock(f *os.File) (ok bool, err error) {
	for range lockTries {
		if ok, err = tryLock(f); ok || err != nil {
			break
		}
		time.Sleep(lockPause)
	}
	return ok, err
}

// resume takes the lock on a record that another process has begun. It is shared then, and nobody shares it: by that others
// see that it is not the process that has begun it.
func resume(f *os.File) error {
	for range lockTries {
		free, err := tryLock(f)
		if err != nil {
			return err
		}
		shared, err := tryShare(f)
		switch {
		case err != nil:
			return err
		case shared && free:
			return nil
		case shared:
			return ErrResumed
		}
		time.Sleep(lockPause)
	}
	return ErrBusy
}

// resumeLimit is how long a record is waited for that another process goes on with.
var resumeLimit = 10 * time.Second

// resumePause is how long between two looks at the lock; the engine is asked after each resumeAsks of them.
const (
	resumePause = 50 * time.Millisecond
	resumeAsks  = 20
)

// resume returns the record that a container belongs to, which another process has begun; nil if that one lives, or there is
// nothing to add. If a third process goes on with it, that one removes the container, too: resume waits until it has, or is
// gone itself, so that the container is not removed before the other one has read what it has printed.
func (k *Keeper) resume(ctx context.Context, id string, c engine.ContainerState) *other {
	o, err := k.other(id, c)
	if !errors.Is(err, ErrResumed) {
		return o
	}
	defer k.slow("waiting for another command, which is removing the same")()
	ctx, cancel := context.WithDeadline(ctx, k.deadline(id))
	defer cancel()
	for n := 1; engine.Sleep(ctx, resumePause); n++ {
		if o, err = k.other(id, c); !errors.Is(err, ErrResumed) {
			return o
		}
		if n%resumeAsks == 0 {
			if _, err := k.e.Look(ctx, c.ID); engine.IsNotFound(err) {
				return nil
			}
		}
	}
	return nil
}

// deadline returns until when a record is waited for, which is the same for all of its containers.
func (k *Keeper) deadline(id string) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.deadlines[id]
	if !ok {
		d = time.Now().Add(resumeLimit)
		k.deadlines[id] = d
	}
	return d
}

// closeLimit is how long a reader waits for the rest of a record of what is gone, and ownLimit how long after the last event
// if it is its first process that has it: that one may go on without any container, as a bootstrap does.
var (
	closeLimit = 10 * time.Second
	ownLimit   = 2 * time.Second
)

// closes waits for the process that keeps the record to write what it has of the removal, when everything has just been
// removed that the record is about, and reports whether there may be more in the record now.
func (v *View) closes(ctx context.Context) bool {
	if len(v.state.lives) == 0 {
		return false // nothing is there yet
	}
	if list, err := v.e.Containers(ctx, v.of); err != nil || len(list) > 0 {
		return false
	}
	limit := ownLimit - v.e.Now().Sub(v.state.last)
	if !v.kept {
		limit = closeLimit
	}
	if limit <= 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for engine.Sleep(ctx, resumePause) {
		if free, err := tryLock(v.file); free || err != nil {
			unlock(v.file)
			break
		}
	}
	return true
}
