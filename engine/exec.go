package engine

import (
	"context"
	"fmt"
	"io"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// ExecSpec describes a command to run in a container.
type ExecSpec struct {
	Command []string
	// Env are KEY=VALUE pairs; if User or WorkingDir is empty, the container's own is used.
	Env              []string
	User, WorkingDir string
	// Stdout and Stderr receive the output; nil discards it.
	Stdout, Stderr io.Writer
}

// Exec runs a command in a running container and returns its exit code. When ctx is done, the command goes on in the
// container: engines have no way to end it.
func (e *Engine) Exec(ctx context.Context, id string, s ExecSpec) (int, error) {
	ex, err := e.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		AttachStdout: true, AttachStderr: true, Cmd: s.Command, Env: s.Env, User: s.User, WorkingDir: s.WorkingDir,
	})
	if err != nil {
		return 0, fmt.Errorf("exec in container %s: %w", id, Plain(err))
	}
	r, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return e.api.ContainerExecAttach(ctx, ex.ID, container.ExecAttachOptions{})
	})
	if err != nil {
		return 0, fmt.Errorf("exec in container %s: %w", id, Plain(err))
	}
	defer r.Close()
	defer context.AfterFunc(ctx, r.Close)()
	if _, err := stdcopy.StdCopy(orDiscard(s.Stdout), orDiscard(s.Stderr), r.Reader); err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return 0, cut(err)
	}
	info, err := e.api.ContainerExecInspect(ctx, ex.ID)
	if err != nil {
		return 0, fmt.Errorf("exec in container %s: %w", id, Plain(err))
	}
	return info.ExitCode, nil
}
