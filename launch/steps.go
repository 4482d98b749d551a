package launch

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// StepTimeout is how long a step may take if it has no timeout.
const StepTimeout = 30 * time.Minute

// maxLine is how many characters of a command are shown.
const maxLine = 80

// Line returns a command as one line that fits into a display.
func Line(command []string) string {
	line := []rune(strings.Join(strings.Fields(strings.Join(command, " ")), " "))
	if len(line) > maxLine {
		line = append(line[:maxLine-1], '…')
	}
	return string(line)
}

// StepError reports which step failed, how, and what it printed last.
type StepError struct {
	Step        stack.Step
	Code        int
	Output      []string
	OutputShown bool // whether Output has been shown as the step's own lines
	// Gone says of other services that had ended by then, and should have gone on: "db ended with exit code 137".
	Gone []string
	// Database reports that the step took the place of a service that holds data, Start that it was one of a start.
	Database, Start bool
}

func (e *StepError) Error() string {
	what := "`" + Line(e.Step.Command) + "` in service " + e.Step.Service
	if len(e.Step.Command) == 0 {
		what = "service " + e.Step.Service
	}
	gone := ""
	for _, g := range e.Gone {
		gone += "\nbefore that, service " + g
	}
	return fmt.Sprintf("%s ended with exit code %d%s%s", what, e.Code, LastLines(e.Output, e.OutputShown), gone)
}

// Hint says what to do next.
func (e *StepError) Hint() string {
	full := func(l string) bool { return strings.Contains(strings.ToLower(l), "no space left on device") }
	switch {
	case slices.ContainsFunc(e.Output, full):
		return engine.SpaceHint
	case e.Start:
		return "fix the step under x-bmo.start, and what it needs, then start again"
	case len(e.Gone) > 0:
		return "see why the service has ended: `docker bmo logs` has what it printed and what was done to it; then run `docker bmo build` again"
	case e.Database:
		return "the step ran in place of " + e.Step.Service + ", which was not up: with `exec: true` it runs in the running service; then run `docker bmo build` again"
	default:
		return "fix the stack or the source, then run `docker bmo build` again"
	}
}

// LastLines formats a container's last lines as a paragraph, unless they have been shown.
func LastLines(lines []string, shown bool) string {
	if len(lines) == 0 || shown {
		return ""
	}
	return "; its last lines:\n  " + strings.Join(lines, "\n  ")
}

// InStep returns a service as the container of a step runs it.
func InStep(s stack.Service, step stack.Step) stack.Service {
	s.Command = step.Command
	if step.Entrypoint != nil {
		s.Entrypoint = step.Entrypoint
	}
	if step.User != "" {
		s.User = step.User
	}
	if step.WorkingDir != "" {
		s.WorkingDir = step.WorkingDir
	}
	env := maps.Clone(s.Environment)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, step.Environment)
	s.Environment = env
	return s
}

// Exec runs a step in the running container of its service and returns the exit code.
func (g *Group) Exec(ctx context.Context, step stack.Step, stdout, stderr io.Writer) (int, error) {
	code, err := g.Engine.Exec(ctx, g.ID(step.Service), engine.ExecSpec{
		Command: slices.Concat(step.Entrypoint, step.Command), Env: pairs(g.Secrets.ExpandAll(step.Environment)), User: step.User,
		WorkingDir: step.WorkingDir, Stdout: stdout, Stderr: stderr,
	})
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", step.Service, err)
	}
	return code, nil
}

// RunStep runs a step in a container of its own next to the service's, as what the services see of each other is
// concerned without a name, and removes the container. name and labels are the container's.
func (g *Group) RunStep(ctx context.Context, s stack.Service, name string, labels map[string]string, stdout, stderr io.Writer) (code int, err error) {
	spec := g.spec(s)
	spec.Name, spec.Labels, spec.Aliases, spec.Publish = name, labels, nil, nil
	id, err := g.Engine.CreateContainer(ctx, spec)
	if err != nil {
		return 0, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if gone := g.Engine.RemoveContainer(ctx, id); err == nil {
			err = gone
		}
	}()
	if err := g.writeFiles(ctx, id, s); err != nil {
		return 0, err
	}
	p, err := g.Engine.Start(ctx, id, stdout, stderr)
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", s.Name, err)
	}
	return p.Wait(ctx)
}
