package instance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/progress"
)

// Many says how several instances are started.
type Many struct {
	// Number of instances; 0 is 1.
	Number int
	// AtOnce is how many start at a time: a start is all computing, and more of them than the engine has processors only
	// slow each other down.
	AtOnce int
	// AllOrNone removes all when one of them fails, or does not become ready. Else that one alone is missing.
	AllOrNone bool
	// Started, if not nil, is called with each instance when it is ready, one at a time.
	Started func(*Instance)
}

// FailedError reports which of several instances failed to start.
type FailedError struct {
	Number int
	Failed []Failure
}

// Failure is why one of several instances failed to start.
type Failure struct {
	// Instance is its name, or if that is made up, its number, as in 2/4.
	Instance string
	Err      error
}

func (e *FailedError) Error() string {
	lines := []string{fmt.Sprintf("%d of %d instances did not start", len(e.Failed), e.Number)}
	at := map[string]int{}
	for _, f := range e.Failed {
		text := f.Err.Error()
		if n, ok := at[text]; ok { // the same reason for several
			before, _, _ := strings.Cut(lines[n], ": ")
			lines[n] = before + ", " + f.Instance + ": " + text
			continue
		}
		at[text] = len(lines)
		lines = append(lines, f.Instance+": "+text)
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the reasons.
func (e *FailedError) Unwrap() []error {
	out := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		out[i] = f.Err
	}
	return out
}

// StartMany starts instances, each when there is room for it: processors, memory and addresses. The errors are those of
// Start. Of several, those that have started are returned, with a *FailedError if others have not; with AllOrNone, or when
// ctx ends, none stays.
func StartMany(ctx context.Context, r Request, m Many) ([]*Instance, error) {
	n := max(m.Number, 1)
	all := newRoom(r, n, m.AtOnce)
	if n == 1 {
		i, err := all.start(ctx, r)
		if err != nil {
			return nil, err
		}
		m.started(i)
		return []*Instance{i}, nil
	}
	if err := r.checkMany(); err != nil {
		return nil, err
	}
	if err := all.check(ctx); err != nil {
		return nil, err
	}
	var list []*Instance
	err := r.Progress.Step(ctx, fmt.Sprintf("start %d instances", n), func(ctx context.Context, log *progress.Log) (err error) {
		all.show = log.SetStatus
		list, err = m.start(ctx, all)
		return err
	})
	return list, err
}

// start starts several instances.
func (m Many) start(ctx context.Context, all *room) ([]*Instance, error) {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	list, errs := make([]*Instance, all.n), make([]error, all.n)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range all.n { // in their order
		done, err := all.turn(own)
		if err != nil {
			errs[i] = err
			break
		}
		wg.Go(func() {
			defer done()
			list[i], errs[i] = all.start(own, all.numbered(i, all.n))
			switch {
			case errs[i] != nil && m.AllOrNone:
				cancel(errs[i]) // of which only the first counts
			case errs[i] == nil:
				mu.Lock()
				defer mu.Unlock()
				m.started(list[i])
			}
		})
	}
	wg.Wait()
	if err := context.Cause(own); err != nil {
		return nil, errors.Join(err, all.removeStarted(ctx, list))
	}
	failed := &FailedError{Number: all.n}
	for i, err := range errs {
		if err != nil {
			q := all.numbered(i, all.n)
			failed.Failed = append(failed.Failed, Failure{cmp.Or(q.Name, q.Title), err})
		}
	}
	if len(failed.Failed) == 0 {
		return list, nil
	}
	return slices.DeleteFunc(list, func(i *Instance) bool { return i == nil }), failed
}

func (m Many) started(i *Instance) {
	if m.Started != nil {
		m.Started(i)
	}
}

// numbered returns the request for the ith of n instances.
func (r Request) numbered(i, n int) Request {
	if n == 1 {
		return r
	}
	r.Title = fmt.Sprintf("%d/%d", i+1, n)
	if r.Name != "" {
		r.Name = fmt.Sprintf("%s-%d", r.Name, i+1)
	}
	return r
}

// checkMany returns an error for settings that only one instance can have.
func (r Request) checkMany() error {
	for _, p := range r.Publish {
		if p.Public != 0 {
			return hint.Wrap(fmt.Errorf("port %d cannot be published by several instances", p.Public),
				fmt.Sprintf("leave the host's port out: --publish %s:%d", p.Service, p.Port))
		}
	}
	return nil
}

// removeAtOnce is how many instances are removed at a time: an engine does not get faster by more requests.
const removeAtOnce = 16

// RemoveAll calls remove once for each name, for several of them at the same time, and done, one call at a time, for each
// that has been removed; done may be nil. It returns the errors joined, in the order of the names.
func RemoveAll(ctx context.Context, names []string, remove func(ctx context.Context, name string) error, done func(name string)) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		slot = make(chan struct{}, removeAtOnce)
		errs = make([]error, len(names))
		seen = map[string]bool{}
	)
	for i, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		wg.Go(func() {
			slot <- struct{}{}
			defer func() { <-slot }()
			if errs[i] = remove(ctx, name); errs[i] != nil || done == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done(name)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// removeStarted removes the instances of a start that failed, even if ctx is done.
func (r Request) removeStarted(ctx context.Context, list []*Instance) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	var names []string
	byName := map[string]*Instance{}
	for _, i := range list {
		if i != nil {
			names, byName[i.Name] = append(names, i.Name), i
		}
	}
	err := RemoveAll(ctx, names, func(ctx context.Context, name string) error { return Remove(ctx, r.Engine, byName[name], 0) }, nil)
	for _, i := range list {
		if i != nil {
			r.Keeper.End(ctx, i.Record, "removed", nil)
		}
	}
	return err
}
