package bmo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/journal"
)

// LogLine is a line that a service printed.
type LogLine struct {
	// Time is the engine's.
	Time time.Time
	// Source is the service.
	Source string
	// Stderr reports whether the line was written to standard error.
	Stderr bool
	Text   string
	// More reports that the next line of the same service and stream continues this one, which is longer than a megabyte.
	More bool
}

// LogOptions say which part of the services' output is meant.
type LogOptions struct {
	// Follow continues with what comes, until ctx is done or nothing is left that could print anything.
	Follow bool
	// Tail is a number of lines from the end of each service's output, or "all"; empty means all.
	Tail string
	// Since and Until are times, or durations before now.
	Since, Until string
	// Begin, if not nil, is called once, before anything is shown, with the services that are known, sorted.
	Begin func(services []string)
}

// query returns what the options ask for.
func (o LogOptions) query(now time.Time) (q journal.Query, err error) {
	q.Tail = -1
	if o.Tail != "" && o.Tail != "all" {
		if q.Tail, err = strconv.Atoi(o.Tail); err != nil || q.Tail < 0 {
			return q, fmt.Errorf("%q is no number of lines", o.Tail)
		}
	}
	if o.Since != "" {
		if q.Since, err = ParseTime(o.Since, now); err != nil {
			return q, err
		}
	}
	if o.Until != "" {
		q.Until, err = ParseTime(o.Until, now)
	}
	return q, err
}

// Logs calls show for the lines that services printed, of all services when none is named, in the order of time; with
// o.Follow, what comes is shown as it comes. name is that of an instance, there or gone, the key or name of a snapshot, for how
// it was made or why it could not be, or the identifier of a record; empty for the newest record. What is gone needs no
// engine. What is missing is a warning.
func (c *Client) Logs(ctx context.Context, name string, services []string, o LogOptions, show func(LogLine)) error {
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	q.Match = func(e journal.Entry) bool {
		wanted := len(services) == 0 || slices.Contains(services, e.Service)
		return e.Kind == journal.KindLine && wanted || e.Kind == journal.KindGap && (wanted || e.Service == "")
	}
	v, err := c.open(ctx, name, q)
	if err != nil {
		return err
	}
	defer v.Close()
	if err := checkServices(v, services); err != nil {
		return err
	}
	if o.Begin != nil {
		o.Begin(v.Services())
	}
	line := func(e journal.Entry) {
		if e.Kind == journal.KindGap {
			if v.LacksLines(e) {
				c.warn(errors.New(v.Title() + ": " + e.Text))
			}
			return
		}
		show(LogLine{Time: e.Time, Source: e.Service, Stderr: e.Stderr, Text: strings.TrimSuffix(e.Text, "\r"), More: e.More})
	}
	if err := v.Read(func(e journal.Entry) error { line(e); return ctx.Err() }); err != nil || !o.Follow {
		return err
	}
	return follow(ctx, v, q, line)
}

// lateEntries is how long what has happened may take until it is seen.
const lateEntries = time.Second

// follow calls fn with what comes and is wanted, until ctx is done, nothing is left that could print anything, or, as docker
// has it, the time is over that is asked for.
func follow(ctx context.Context, v *journal.View, q journal.Query, fn func(journal.Entry)) error {
	limited := ctx
	if !q.Until.IsZero() {
		var cancel context.CancelFunc
		limited, cancel = context.WithDeadline(ctx, q.Until.Add(lateEntries))
		defer cancel()
	}
	err := v.Follow(limited, func(e journal.Entry) {
		if q.Wants(e) {
			fn(e)
		}
	})
	if limited.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// checkServices returns an error for a service of which a record has nothing.
func checkServices(v *journal.View, services []string) error {
	known := v.Services()
	for _, s := range services {
		if !slices.Contains(known, s) {
			return hint.Wrap(fmt.Errorf("%s has no service %q", v.Title(), s), "its services are "+strings.Join(known, ", "))
		}
	}
	return nil
}
