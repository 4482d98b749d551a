package engine

import (
	"context"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// LogOptions select part of a container's output, in the terms of `docker logs`.
type LogOptions struct {
	// Follow continues until the container ends or the context is done.
	Follow bool
	// Tail is a number of lines from the end, or "all"; empty means all.
	Tail string
	// Since and Until are timestamps or durations.
	Since, Until string
	// Timestamps adds the time at the beginning of every line.
	Timestamps bool
}

// Logs copies a container's output so far; with follow, it continues until the container ends or ctx is done.
func (e *Engine) Logs(ctx context.Context, id string, follow bool, stdout, stderr io.Writer) error {
	return e.CopyLogs(ctx, id, LogOptions{Follow: follow}, stdout, stderr)
}

// CopyLogs copies part of a container's output.
func (e *Engine) CopyLogs(ctx context.Context, id string, o LogOptions, stdout, stderr io.Writer) error {
	r, err := e.api.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: o.Follow, Tail: o.Tail, Since: o.Since, Until: o.Until,
		Timestamps: o.Timestamps,
	})
	if err != nil {
		return fmt.Errorf("read logs of container %s: %w", id, Plain(err))
	}
	defer r.Close()
	// The client does not pass on what the engine says of the format.
	if c, gone := e.api.ContainerInspect(ctx, id); gone == nil && c.Config.Tty {
		_, err = io.Copy(orDiscard(stdout), r)
	} else {
		_, err = stdcopy.StdCopy(orDiscard(stdout), orDiscard(stderr), r)
	}
	return cut(err)
}
