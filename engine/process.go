package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Process is a started container whose output and end are watched.
type Process struct {
	ID   string
	e    *Engine
	done chan struct{} // closed once code and err are final
	code int
	err  error
}

// Start starts a container. It attaches to the output and waits for the end before the start, so that nothing is missed
// of a container that runs for ten milliseconds. stdout and stderr may be nil to discard the output.
//
// ctx bounds the watching, not the container: when ctx is done, the container goes on and Wait fails.
func (e *Engine) Start(ctx context.Context, id string, stdout, stderr io.Writer) (*Process, error) {
	watch, cancel := context.WithCancel(ctx)
	copied, err := e.attach(watch, id, stdout, stderr)
	if err != nil {
		cancel()
		return nil, err
	}
	ended, errs := e.api.ContainerWait(watch, id, container.WaitConditionNextExit)
	select {
	case err = <-errs: // so the container's end would not be noticed
		err = e.waitFailed(ctx, err)
	default:
		err = e.api.ContainerStart(ctx, id, container.StartOptions{})
	}
	if err != nil {
		cancel()
		if text := startHint(err); text != "" { // not an engine failure, whatever class the engine gives it
			return nil, hint.Wrap(fmt.Errorf("start container: %v", Plain(err)), text) //nolint:errorlint // not wrapped on purpose, see above
		}
		return nil, fmt.Errorf("start container: %w", Plain(err))
	}
	p := &Process{ID: id, e: e, done: make(chan struct{})}
	go func() {
		defer cancel()
		p.watch(watch, ended, errs, copied)
	}()
	return p, nil
}

// attach copies a container's output until it ends or ctx is done. The channel signals that all of it has been copied.
func (e *Engine) attach(ctx context.Context, id string, stdout, stderr io.Writer) (copied <-chan struct{}, err error) {
	done := make(chan struct{})
	if stdout == nil && stderr == nil {
		close(done)
		return done, nil
	}
	att, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return e.api.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	})
	if err != nil {
		return nil, fmt.Errorf("attach to container %s: %w", id, Plain(outOfTime(ctx, e.host, err)))
	}
	stop := context.AfterFunc(ctx, att.Close)
	go func() {
		defer close(done)
		if kind, _ := att.MediaType(); kind == types.MediaTypeRawStream { // of a container with a terminal
			_, _ = io.Copy(orDiscard(stdout), att.Reader)
		} else {
			_, _ = stdcopy.StdCopy(orDiscard(stdout), orDiscard(stderr), att.Reader)
		}
		stop()
		att.Close()
	}()
	return done, nil
}

func (p *Process) watch(ctx context.Context, ended <-chan container.WaitResponse, errs <-chan error, copied <-chan struct{}) {
	defer close(p.done)
	select {
	case r := <-ended:
		p.code = int(r.StatusCode)
		if r.Error != nil {
			p.err = errors.New(r.Error.Message)
		}
	case err := <-errs:
		p.err = p.e.waitFailed(ctx, err)
		return
	}
	// The last lines may still be on their way: the stream ends by itself after them.
	select {
	case <-copied:
	case <-ctx.Done():
	}
}

// Done is closed when the container has ended and its output is complete.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait returns the exit code once the container has ended and its output is complete.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.code, p.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Stop sends the container its stop signal and returns its exit code. After timeout it is killed, and killed is true.
func (p *Process) Stop(ctx context.Context, timeout time.Duration) (code int, killed bool, err error) {
	if err := p.e.Signal(ctx, p.ID, ""); err != nil && !IsNotFound(err) && !IsConflict(err) {
		return 0, false, err
	}
	wait, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-p.done:
		return p.code, false, p.err
	case <-wait.Done():
	}
	if ctx.Err() != nil {
		return 0, false, context.Cause(ctx)
	}
	err = p.e.Signal(ctx, p.ID, "KILL")
	if killed = !IsConflict(err) && !IsNotFound(err); killed && err != nil { // else it has just ended by itself
		return 0, true, err
	}
	code, err = p.Wait(ctx)
	return code, killed, err
}

// Kill kills the container and waits for its end. killed is false if it had ended by itself.
func (p *Process) Kill(ctx context.Context) (killed bool, err error) {
	err = p.e.Signal(ctx, p.ID, "KILL")
	if killed = !IsConflict(err) && !IsNotFound(err); killed && err != nil {
		return false, err
	}
	_, err = p.Wait(ctx)
	return killed, err
}

// ExitCode waits until a container has ended and returns its exit code.
func (e *Engine) ExitCode(ctx context.Context, id string) (int, error) {
	ended, errs := e.api.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case r := <-ended:
		if r.Error != nil {
			return 0, fmt.Errorf("wait for container %s: %s", id, r.Error.Message)
		}
		return int(r.StatusCode), nil
	case err := <-errs:
		return 0, fmt.Errorf("wait for container %s: %w", id, e.waitFailed(ctx, err))
	}
}

// StopSignal returns the signal that ends a container: its own, else TERM.
func (e *Engine) StopSignal(ctx context.Context, id string) (string, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return "", fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	return cmp.Or(c.Config.StopSignal, "TERM"), nil
}

// Signal sends a signal; if empty, the container's own stop signal.
func (e *Engine) Signal(ctx context.Context, id, signal string) (err error) {
	if signal == "" {
		if signal, err = e.StopSignal(ctx, id); err != nil {
			return err
		}
	}
	if err := e.api.ContainerKill(ctx, id, signal); err != nil {
		return fmt.Errorf("send %s to container %s: %w", signal, id, Plain(err))
	}
	return nil
}

// StopContainer stops a container with its own stop signal and kills it after timeout. It is no error if the container
// is gone or has ended.
func (e *Engine) StopContainer(ctx context.Context, id string, timeout time.Duration) error {
	seconds := int(timeout.Round(time.Second) / time.Second)
	if err := e.api.ContainerStop(ctx, id, container.StopOptions{Timeout: &seconds}); err != nil && !IsNotFound(err) {
		return fmt.Errorf("stop container %s: %w", id, Plain(err))
	}
	return nil
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
