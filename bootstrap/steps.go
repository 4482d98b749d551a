package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// stepTimeout is how long a step may take if it has no timeout.
const stepTimeout = 30 * time.Minute

// steps runs the bootstrap's steps in order. The container of each is committed, and the next one of the same service
// is created from the commit.
func (b *run) steps(ctx context.Context) error {
	for i, step := range b.Stack.Bootstrap {
		s, ok := b.Stack.Service(step.Service)
		if !ok {
			return fmt.Errorf("bootstrap step %d: stack %s has no service %s", i+1, b.Stack.Name, step.Service)
		}
		s = s.With(stack.DefaultFlavor)
		if err := b.prepare(ctx, s); err != nil {
			return fmt.Errorf("before bootstrap step %d: %w", i+1, err)
		}
		name := fmt.Sprintf("bootstrap %d/%d %s: %s", i+1, len(b.Stack.Bootstrap), step.Service, strings.Join(step.Command, " "))
		err := b.Progress.Step(ctx, name, func(ctx context.Context, log *progress.Log) error {
			return b.step(ctx, s, step, log)
		})
		if err != nil {
			return fmt.Errorf("bootstrap step %d of %d: %w", i+1, len(b.Stack.Bootstrap), err)
		}
		if err := b.commitStep(ctx, step.Service); err != nil {
			return err
		}
	}
	return nil
}

// prepare starts what a step's service depends on. If the service itself is up, because an earlier step's service
// depends on it, its state is committed first, and the step continues from there.
func (b *run) prepare(ctx context.Context, s stack.Service) error {
	needs := b.closure(s.DependsOn...)
	if err := b.group.Up(ctx, needs, nil); err != nil {
		return err
	}
	for _, n := range needs {
		b.used[n.Name] = true
	}
	if b.group.Process(s.Name) == nil {
		return nil
	}
	if err := b.stopService(ctx, s); err != nil {
		return err
	}
	delete(b.used, s.Name)
	return b.commitStep(ctx, s.Name)
}

// StepError reports which step failed, how, and what it printed last.
type StepError struct {
	Step        stack.Step
	Code        int
	Output      []string
	OutputShown bool // whether Output has been shown as the step's own lines
}

func (e *StepError) Error() string {
	return fmt.Sprintf("`%s` in service %s ended with exit code %d%s",
		strings.Join(e.Step.Command, " "), e.Step.Service, e.Code, last(e.Output, e.OutputShown))
}

// Hint says what to do next.
func (e *StepError) Hint() string {
	if slices.ContainsFunc(e.Output, func(l string) bool { return strings.Contains(strings.ToLower(l), "no space left on device") }) {
		return engine.SpaceHint
	}
	return "fix the stack or the source, then run `docker bmo build` again"
}

// last formats a container's last lines as a paragraph, unless they have been shown.
func last(lines []string, shown bool) string {
	if len(lines) == 0 || shown {
		return ""
	}
	return "; its last lines:\n  " + strings.Join(lines, "\n  ")
}

// step runs one step to its end in a container of its own.
func (b *run) step(ctx context.Context, s stack.Service, step stack.Step, log *progress.Log) error {
	timeout := step.Timeout
	if timeout == 0 {
		timeout = stepTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	code, err := b.runStep(limited, s, step, log)
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded):
		return hint.Wrap(fmt.Errorf("`%s` in service %s did not end within %s%s", strings.Join(step.Command, " "), s.Name, timeout, last(b.Journal.Tail(s.Name), log.Visible())),
			"raise the step's timeout in the stack")
	case err != nil:
		return err
	case code != 0:
		output := b.Journal.Tail(s.Name)
		if len(output) == 0 {
			launch.Quote(log, s.Name, nil)
		}
		return &StepError{Step: step, Code: code, Output: output, OutputShown: log.Visible()}
	default:
		return nil
	}
}

// runStep runs a step and returns its exit code.
func (b *run) runStep(ctx context.Context, s stack.Service, step stack.Step, log *progress.Log) (int, error) {
	env := maps.Clone(s.Environment)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, step.Environment)
	s.Environment, s.Command = env, step.Command
	id, err := b.group.Create(ctx, s)
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", s.Name, err)
	}
	stdout, stderr := b.Journal.Source(s.Name, log), b.Journal.Source(s.Name, log)
	defer stderr.Close()
	defer stdout.Close()
	p, err := b.Engine.Start(ctx, id, stdout, stderr)
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", s.Name, err)
	}
	return p.Wait(ctx)
}
