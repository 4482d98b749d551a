package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// StepError reports which step failed, how, and what it printed last.
type StepError = launch.StepError

// steps runs the bootstrap's steps in order. The container of each is committed, and the next one of the same service
// is created from the commit. A step in a running service leaves that up, to be committed at the end.
func (b *run) steps(ctx context.Context) error {
	for i, step := range b.Stack.Bootstrap {
		if b.From != nil && i < b.From.Steps {
			continue
		}
		s, ok := b.Stack.Service(step.Service)
		if !ok {
			return fmt.Errorf("bootstrap step %d: stack %s has no service %s", i+1, b.Stack.Name, step.Service)
		}
		s = s.With(stack.DefaultFlavor)
		if err := b.prepare(ctx, s, step); err != nil {
			return fmt.Errorf("before bootstrap step %d: %w", i+1, err)
		}
		name := fmt.Sprintf("bootstrap %d/%d %s: %s", i+1, len(b.Stack.Bootstrap), step.Service, launch.Line(step.Command))
		err := b.step(ctx, step.Service, name, func(ctx context.Context, log *progress.Log) error {
			return b.limited(ctx, step, log, func(ctx context.Context) (int, error) { return b.runStep(ctx, s, step, log) })
		})
		if err != nil {
			return fmt.Errorf("bootstrap step %d of %d: %w", i+1, len(b.Stack.Bootstrap), err)
		}
		if !step.Exec {
			if err := b.commitStep(ctx, step.Service); err != nil {
				return err
			}
		}
		if err := b.makeCheckpoint(ctx, i+1); err != nil {
			return err
		}
	}
	return nil
}

// prepare starts what a step's service depends on, and the service itself if the step runs in it. Otherwise, if the
// service is up, because an earlier step ran in it or an earlier step's service depends on it, its state is committed
// first, and the step continues from there.
func (b *run) prepare(ctx context.Context, s stack.Service, step stack.Step) error {
	if step.Exec {
		return b.bringUp(ctx, s.Name)
	}
	if err := b.bringUp(ctx, s.DependsOn...); err != nil {
		return err
	}
	delete(b.used, s.Name)
	if b.group.ID(s.Name) == "" {
		return nil
	}
	if b.group.Process(s.Name) != nil { // else a checkpoint has stopped it
		if err := b.stopService(ctx, s, endOf(s, true)); err != nil {
			return err
		}
	}
	return b.commitStep(ctx, s.Name)
}

// limited runs a step within its timeout; its exit code must be 0.
func (b *run) limited(ctx context.Context, step stack.Step, log *progress.Log, run func(context.Context) (int, error)) error {
	timeout := step.Timeout
	if timeout == 0 {
		timeout = launch.StepTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	code, err := run(limited)
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded):
		return b.tooLong(step, timeout, log)
	case err != nil:
		return err
	case code != 0:
		output := b.Journal.Tail(step.Service)
		if len(output) == 0 {
			launch.Quote(log, step.Service, nil)
		}
		s, _ := b.Stack.Service(step.Service)
		return &StepError{
			Step: step, Code: code, Output: output, OutputShown: log.Visible(), Gone: b.gone(ctx, step.Service),
			Database: !s.OneShot && !step.Exec && launch.Keeps(s) && s.Name != b.Stack.URL.Service,
		}
	default:
		return nil
	}
}

// gone says which other services have ended that should have gone on, which may be why a step has failed.
func (b *run) gone(ctx context.Context, service string) (gone []string) {
	for _, s := range b.Stack.Services {
		p := b.group.Process(s.Name)
		if s.Name == service || s.OneShot || p == nil {
			continue
		}
		if running, err := b.Engine.IsRunning(ctx, p.ID); running || err != nil {
			continue
		}
		if code, err := p.Wait(ctx); err == nil && (code != 0 || !launch.MayEnd(s)) {
			gone = append(gone, fmt.Sprintf("%s ended with exit code %d", s.Name, code))
		}
	}
	return gone
}

// tooLong returns the error for a step that takes longer than it may.
func (b *run) tooLong(step stack.Step, timeout time.Duration, log *progress.Log) error {
	what := "`" + launch.Line(step.Command) + "` in service " + step.Service
	if len(step.Command) == 0 {
		what = "service " + step.Service
	}
	text := "raise the step's timeout in the stack"
	if s, _ := b.Stack.Service(step.Service); s.OneShot {
		text = "others wait until it ends: what goes on for longer cannot be waited for with service_completed_successfully"
	}
	return hint.Wrap(fmt.Errorf("%s did not end within %s%s", what, timeout, launch.LastLines(b.Journal.Tail(step.Service), log.Visible())), text)
}

// runStep runs a step, in a container of its own or in that of its service, and returns the exit code.
func (b *run) runStep(ctx context.Context, s stack.Service, step stack.Step, log *progress.Log) (int, error) {
	if !step.Exec {
		return b.runAlone(ctx, launch.InStep(s, step), log)
	}
	out, errOut := b.record.Writer(s.Name, false), b.record.Writer(s.Name, true)
	stdout, stderr := b.Journal.Source(s.Name, log), b.Journal.Source(s.Name, log)
	for _, c := range []io.Closer{out, errOut, stdout, stderr} {
		defer c.Close()
	}
	return b.group.Exec(ctx, step, io.MultiWriter(out, stdout), io.MultiWriter(errOut, stderr))
}
