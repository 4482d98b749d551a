package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// ExecSpec is a command to run in a service.
type ExecSpec struct {
	Command []string
	// Env are NAME=VALUE. They and WorkingDir need a shell in the image.
	Env        []string
	WorkingDir string
	Stdin      io.Reader // nil for none
	// Stdout and Stderr get what it prints; with TTY, Stdout alone.
	Stdout, Stderr io.Writer
	TTY            bool
	// Sizes, if not nil, returns the terminal's size, each time that it has changed, and nil at its end.
	Sizes func() *TerminalSize
}

// TerminalSize is the size of a terminal.
type TerminalSize = remotecommand.TerminalSize

// Exec runs a command in a service of a running instance, and returns its exit code: 126 or 127 when it cannot be run.
func (c *Cluster) Exec(ctx context.Context, name, service string, s ExecSpec) (int, error) {
	pod, err := c.runningPod(ctx, name, service)
	if err != nil {
		return 0, err
	}
	return c.exec(ctx, pod.Name, containerName(service), s)
}

// runningPod returns the Pod of an instance of which a service's container runs.
func (c *Cluster) runningPod(ctx context.Context, name, service string) (*corev1.Pod, error) {
	i, err := c.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := i.Container(service); err != nil {
		return nil, err
	}
	pods, err := c.pods(ctx, name)
	if err != nil {
		return nil, err
	}
	pod := newest(pods)
	if pod == nil {
		return nil, fmt.Errorf("instance %s has no Pod", name)
	}
	if st := statusOf(pod, service); st == nil || st.State.Running == nil {
		return nil, fmt.Errorf("service %s of instance %s does not run", service, name)
	}
	return pod, nil
}

func (c *Cluster) exec(ctx context.Context, pod, container string, s ExecSpec) (int, error) {
	at := c.api.of(pod, "exec").VersionedParams(&corev1.PodExecOptions{
		Container: container, Command: s.words(), Stdin: s.Stdin != nil, Stdout: s.Stdout != nil, Stderr: s.Stderr != nil && !s.TTY, TTY: s.TTY,
	}, parameters).URL()
	old, err := remotecommand.NewSPDYExecutor(c.rest, http.MethodPost, at)
	if err != nil {
		return 0, err
	}
	modern, err := remotecommand.NewWebSocketExecutor(c.rest, http.MethodGet, at.String())
	if err != nil {
		return 0, err
	}
	executor, err := remotecommand.NewFallbackExecutor(modern, old, cannotUpgrade)
	if err != nil {
		return 0, err
	}
	o := remotecommand.StreamOptions{Stdin: s.Stdin, Stdout: s.Stdout, Tty: s.TTY}
	if !s.TTY {
		o.Stderr = s.Stderr
	}
	if s.Sizes != nil {
		o.TerminalSizeQueue = sizes(s.Sizes)
	}
	return c.ended(ctx, executor.StreamWithContext(ctx, o))
}

type sizes func() *TerminalSize

// Next is that of remotecommand.TerminalSizeQueue.
func (s sizes) Next() *TerminalSize { return s() }

// words returns the command with its environment: a cluster knows neither that nor a working directory.
func (s ExecSpec) words() []string {
	if len(s.Env) == 0 && s.WorkingDir == "" {
		return s.Command
	}
	script, words := `exec "$@"`, append([]string{"env"}, s.Env...)
	if s.WorkingDir != "" {
		script = `cd -- "$0" && ` + script
	}
	if len(s.Env) == 0 {
		words = nil
	}
	return append(append([]string{"/bin/sh", "-c", script, s.WorkingDir}, words...), s.Command...)
}

// notRun matches what the runtimes of containers say when a command cannot be started.
var notRun = regexp.MustCompile(`(?s)(?:exec failed|failed to exec in container|unable to start container process).*?exec: "(.*?)": (.*)`)

// ended returns the exit code with which a command has ended.
func (c *Cluster) ended(ctx context.Context, err error) (int, error) {
	var exit utilexec.CodeExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.Code, nil
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	if m := notRun.FindStringSubmatch(err.Error()); m != nil {
		code := 126
		if strings.Contains(m[2], "not found") || strings.Contains(m[2], "no such file") {
			code = 127
		}
		return code, hint.Wrap(fmt.Errorf("%s: %s", m[1], strings.TrimSpace(strings.SplitN(m[2], ":", 2)[0])), "")
	}
	return 0, c.explain(err, "create", "pods/exec")
}
