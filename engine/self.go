package engine

import (
	"context"
	"fmt"
	"os"
	"regexp"
)

// Self returns the container that this process runs in, and when the engine started it, if it is a container of this
// engine: its socket has been mounted into the container, as is common in CI. Otherwise both are empty.
func (e *Engine) Self(ctx context.Context) (id, since string) {
	id = containerOf(mountTable())
	if id == "" {
		return "", ""
	}
	if since, err := e.RunningSince(ctx, id); err == nil && since != "" {
		return id, since
	}
	return "", ""
}

// RunningSince returns when the engine started a container, in its own words; empty if the container does not run or is
// not there.
func (e *Engine) RunningSince(ctx context.Context, id string) (string, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	switch {
	case IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("inspect container %s: %w", id, Plain(err))
	case c.State == nil || !c.State.Running:
		return "", nil
	}
	return c.State.StartedAt, nil
}

// mountTable returns the mounts of this process, proc_pid_mountinfo(5); a variable for tests.
var mountTable = func() string {
	b, _ := os.ReadFile("/proc/self/mountinfo")
	return string(b)
}

// ownFile matches the mount of a file that the engine keeps for each container. On the engine's own machine there are
// mounts of containers, too, but not at these places.
var ownFile = regexp.MustCompile(`(?m)^\S+ \S+ \S+ \S*/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf) /etc/(?:hostname|hosts|resolv\.conf) `)

func containerOf(mounts string) string {
	if m := ownFile.FindStringSubmatch(mounts); m != nil {
		return m[1]
	}
	return ""
}

// IsRunning reports whether a container runs. IsNotFound reports for the error that there is none.
func (e *Engine) IsRunning(ctx context.Context, id string) (bool, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return false, fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	return c.State != nil && c.State.Running, nil
}
