package launch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Await waits until a started service is ready. It reports to log what it waits for and, if that fails, the service's
// last lines.
func (g *Group) Await(ctx context.Context, s stack.Service, log *progress.Log) error {
	proc := g.Process(s.Name)
	alive, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-proc.Done():
			cancel(ended(proc))
		case <-alive.Done():
		}
	}()
	if g.Forwarded == nil || !g.Forwarded(s.Name) {
		defer g.Engine.Release(ctx, g.ID(s.Name)) // nobody needs a way to it any more
	}
	probes, err := g.probes(ctx, s)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return g.failure(ctx, s.Name, err, log)
	}
	for _, p := range probes {
		what := "waiting for " + g.title(s.Name) + ": " + p.String()
		log.SetStatus(what, "")
		note := g.Record.Probe(s.Name, p.String())
		err := probe.Wait(alive, p.Probe, g.dialer(s.Name, p), g.patience(s), func(err error) {
			log.SetStatus(what, reason(err))
			note.Waiting(reason(err))
		})
		note.End(err == nil)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx) // cancelled, which is not a failure of this service
		}
		if err != nil {
			return g.failure(ctx, s.Name, err, log)
		}
	}
	return nil
}

// ended returns the error for a service that ended but should have gone on.
func ended(p *engine.Process) error {
	code, err := p.Wait(context.Background())
	if err != nil {
		return fmt.Errorf("watch its container: %w", err)
	}
	return &ExitError{Code: code}
}

// patience returns how long a probe of the service may take from now on.
func (g *Group) patience(s stack.Service) time.Duration {
	switch {
	case g.Within > 0:
		return g.Within - time.Since(g.begin)
	case s.Ready.Timeout != 0:
		return s.Ready.Timeout
	default:
		return g.Timeout
	}
}

// ExitError reports that a service ended before it became ready.
type ExitError struct{ Code int }

func (e *ExitError) Error() string {
	return fmt.Sprintf("ended with exit code %d before it was ready", e.Code)
}

// failure adds the service's last lines to err and log.
func (g *Group) failure(ctx context.Context, service string, err error, log *progress.Log) error {
	var late *probe.NotReadyError
	if g.Within > 0 && errors.As(err, &late) {
		late.After = time.Since(g.begin) // the probe only got what was left of Within
	}
	if !g.Attach {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		w := g.Journal.Source(g.title(service))
		_ = g.Engine.Logs(ctx, g.ID(service), false, w, w)
	}
	return &ServiceError{Service: service, Err: err, Output: Quote(log, service, g.Journal.Tail(g.title(service))), OutputShown: log.Visible()}
}
