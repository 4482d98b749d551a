package bmo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/journal"
)

// FollowOptions say what Follow does with what it sees. None of the functions may be nil.
type FollowOptions struct {
	// Line is called with each line, and the service that printed it; with several instances the service is
	// "INSTANCE SERVICE". One call at a time.
	Line func(service, text string)
	// CaughtUp is called once, when what the services printed before has been passed to Line.
	CaughtUp func()
	// End, if not nil, is called once with the reason why following ends, and is to remove the instances. What the services
	// print until they are gone is passed to Line, too.
	End func(reason error)
}

// lastWords is how long what services have printed at their end is waited for.
const lastWords = 2 * time.Second

// Follow passes on the output of all services of the instances until ctx ends or one of the services does, and returns
// why. A service that has done its work when it ends with 0 ends nothing.
func (c *Client) Follow(ctx context.Context, list []*Instance, o FollowOptions) error {
	early := c.linesSoFar(ctx, list)
	caughtUp := sync.OnceFunc(o.CaughtUp)
	defer caughtUp()                                   // whatever the engine has said
	defer time.AfterFunc(time.Second, caughtUp).Stop() // lines that the engine has dropped since must not hold it up
	if early == 0 {
		caughtUp()
	}
	j := journal.New(func(l journal.Line) {
		o.Line(l.Source, l.Text)
		if early--; early == 0 {
			caughtUp()
		}
	})
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, inst := range list {
		for service, id := range inst.Services {
			name := service
			if len(list) > 1 {
				name = inst.Name + " " + service
			}
			wg.Go(func() {
				if err := c.followOne(ctx, streams, j, name, id, slices.Contains(inst.MayEnd, service)); err != nil {
					cancel(err)
				}
			})
		}
	}
	o.untilEnd(ctx, endStreams, &wg)
	j.Flush()
	return context.Cause(ctx)
}

// followOne passes on a service's output until streams ends, and returns why the instance does, nil if this service does not
// end it: the others go on, and if there are none, the instance does.
func (c *Client) followOne(ctx, streams context.Context, j *journal.Recorder, name, id string, mayEnd bool) error {
	err := c.engine.Logs(streams, id, true, j.Source(name), j.Source(name))
	switch {
	case ctx.Err() != nil: // it was to end
		return nil
	case engine.IsUnreadable(err):
		c.warn(fmt.Errorf("what %s prints is not shown: its logging driver cannot be read", name))
	case err != nil:
		return fmt.Errorf("follow the output of %s: %w", name, err)
	}
	return c.endOf(ctx, name, id, mayEnd)
}

// untilEnd waits until ctx ends and then for the streams, which endStreams ends: at once, or after the last words of what End
// removes.
func (o FollowOptions) untilEnd(ctx context.Context, endStreams func(), streams *sync.WaitGroup) {
	<-ctx.Done()
	if o.End != nil {
		o.End(context.Cause(ctx))
		defer time.AfterFunc(lastWords, endStreams).Stop()
	} else {
		endStreams()
	}
	streams.Wait()
}

// endOf says how a service ended, and nothing of one that may and has ended with 0.
func (c *Client) endOf(ctx context.Context, name, id string, may bool) error {
	code, err := c.engine.ExitCode(ctx, id)
	switch {
	case engine.IsNotFound(err):
		return fmt.Errorf("service %s was removed", name)
	case err != nil:
		return fmt.Errorf("service %s ended: %w", name, err)
	case code == 0 && may:
		return nil
	default:
		return hint.Wrap(fmt.Errorf("service %s ended with exit code %d", name, code),
			"its last lines are above; the instance cannot go on without it and was removed")
	}
}

// linesSoFar counts the lines that services have printed.
func (c *Client) linesSoFar(ctx context.Context, list []*Instance) (n int) {
	count := journal.New(func(journal.Line) { n++ })
	for _, inst := range list {
		for service, id := range inst.Services {
			// An engine that does not keep logs has nothing to show, either.
			_ = c.engine.Logs(ctx, id, false, count.Source(service), count.Source(service))
		}
	}
	return n
}
