package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// stepsBefore runs the steps of a service that have a container of their own, when what the service depends on is ready.
func (s *start) stepsBefore(ctx context.Context, svc stack.Service) error {
	return s.steps(ctx, svc, false, func(ctx context.Context, step stack.Step, stdout, stderr io.Writer) (int, error) {
		labels := s.labels(s.Name, svc.Name)
		labels[label.Service] = "" // its image has that label, too
		for _, of := range []string{label.Lead, label.URL, label.Port, label.Path, label.Forward, label.MayEnd, label.Env} {
			delete(labels, of)
		}
		name := containerName(s.Name, svc.Name) + "-step"
		return s.group.RunStep(ctx, launch.InStep(svc, step), name, labels, stdout, stderr)
	})
}

// early reports whether a service starts without waiting for what it depends on. Its own steps may need that.
func (s *start) early(svc stack.Service) bool {
	return svc.Early && !slices.ContainsFunc(s.Stack.Start, func(step stack.Step) bool { return step.Service == svc.Name && !step.Exec })
}

// tellsAddress reports whether a step is given the application's address.
func (s *start) tellsAddress() bool {
	return slices.ContainsFunc(s.Stack.Start, func(step stack.Step) bool { return len(step.Environment) > 0 })
}

// stepsIn runs the steps that run in a service, which is ready.
func (s *start) stepsIn(ctx context.Context, svc stack.Service) error {
	return s.steps(ctx, svc, true, func(ctx context.Context, step stack.Step, stdout, stderr io.Writer) (int, error) {
		out, errOut := s.record.Writer(svc.Name, false), s.record.Writer(svc.Name, true)
		defer out.Close()
		defer errOut.Close()
		return s.group.Exec(ctx, step, io.MultiWriter(out, stdout), io.MultiWriter(errOut, stderr))
	})
}

// steps runs the steps of a start that belong to a service, in order: those in its container, or those in their own.
func (s *start) steps(ctx context.Context, svc stack.Service, exec bool, run runStep) error {
	for i, step := range s.Stack.Start {
		if step.Service != svc.Name || step.Exec != exec {
			continue
		}
		if err := s.step(ctx, step, run); err != nil {
			return fmt.Errorf("start step %d of %d: %w", i+1, len(s.Stack.Start), err)
		}
	}
	return nil
}

// runStep runs a step and returns its exit code.
type runStep func(ctx context.Context, step stack.Step, stdout, stderr io.Writer) (int, error)

// step runs one step within its timeout.
func (s *start) step(ctx context.Context, step stack.Step, run runStep) error {
	env, err := stack.URL{Environment: step.Environment}.Render(s.vars(s.Name))
	if err != nil {
		return err
	}
	step.Environment = env
	timeout := step.Timeout
	if timeout == 0 {
		timeout = launch.StepTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	source := s.source(step.Service)
	name := fmt.Sprintf("step of %s in %s: %s", s.Name, step.Service, launch.Line(step.Command))
	done := s.record.Step(step.Service, name)
	err = s.Progress.Step(ctx, name, func(_ context.Context, log *progress.Log) error {
		stdout, stderr := s.Journal.Source(source, log), s.Journal.Source(source, log)
		code, err := run(limited, step, stdout, stderr)
		stderr.Close()
		stdout.Close()
		switch {
		case err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded):
			return hint.Wrap(fmt.Errorf("`%s` in service %s did not end within %s%s", launch.Line(step.Command), step.Service, timeout,
				launch.LastLines(s.Journal.Tail(source), log.Visible())), "raise the step's timeout in the stack")
		case err != nil:
			return err
		case code != 0:
			output := s.Journal.Tail(source)
			if len(output) == 0 {
				launch.Quote(log, step.Service, nil)
			}
			return &launch.StepError{Step: step, Code: code, Output: output, OutputShown: log.Visible(), Start: true}
		}
		return nil
	})
	done(err)
	return err
}

// source is what the journal calls what a step prints: with several instances, each has its own.
func (s *start) source(service string) string {
	if s.Title == "" {
		return service
	}
	return s.Title + " " + service
}
