package launch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/progress"
)

// ServiceError reports why a service did not come up, with its last lines.
type ServiceError struct {
	Service     string
	Err         error
	Output      []string
	OutputShown bool // whether Output has been shown as lines of the failed step
}

func (e *ServiceError) Error() string {
	msg := fmt.Sprintf("service %s: %v", e.Service, e.Err)
	if len(e.Output) > 0 && !e.OutputShown {
		msg += "\nlast lines of " + e.Service + ":\n  " + strings.Join(e.Output, "\n  ")
	}
	return msg
}

// Hint says what to change.
func (e *ServiceError) Hint() string {
	var late *probe.NotReadyError
	var exit *ExitError
	switch {
	case errors.As(e.Err, &late):
		return "where it only needs longer, raise ready.timeout in the stack, or --wait-timeout of `docker bmo run`"
	case errors.As(e.Err, &exit) && exit.Code == killed:
		return "killed (SIGKILL): out of memory, see mem_limit in the stack, unless another command has removed it"
	case exit != nil && e.foreign():
		return "its image is for another platform than the engine's machine runs programs of: see --platform and DOCKER_DEFAULT_PLATFORM"
	case exit != nil:
		return "`docker bmo config` shows the command and the environment that it is given"
	default:
		return ""
	}
}

// foreign reports whether the kernel did not know how to run a program of the service.
func (e *ServiceError) foreign() bool {
	return slices.ContainsFunc(e.Output, func(l string) bool { return strings.Contains(strings.ToLower(l), "exec format error") })
}

// killed is the exit code after SIGKILL, which the kernel sends when memory runs out.
const killed = 128 + 9

// KeptError is an error of a container of which a record has more than the last lines.
type KeptError struct {
	Err error
	// Name is what `docker bmo logs` is given to show the record.
	Name string
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("%v\nwhole record: docker bmo logs %s", e.Err, e.Name)
}

// Unwrap returns the error without the record.
func (e *KeptError) Unwrap() error { return e.Err }

// Kept adds the name of a record to an error of a step or a service; other errors are returned as they are.
func Kept(err error, name string) error {
	var step *StepError
	var service *ServiceError
	if errors.As(err, &step) || errors.As(err, &service) {
		return &KeptError{Err: err, Name: name}
	}
	return err
}

// Unwrap returns the reason.
func (e *ServiceError) Unwrap() error { return e.Err }

// Quote shows a service's last lines as lines of the failed step, and returns them.
func Quote(log *progress.Log, service string, lines []string) []string {
	if len(lines) == 0 {
		fmt.Fprintf(log, "%s has printed nothing\n", service)
	}
	for _, line := range lines {
		fmt.Fprintln(log, line)
	}
	return lines
}
