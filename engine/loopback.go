package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/docker/docker/api/types/container"
)

// ErrPortInUse reports that something in a container listens to a port itself.
var ErrPortInUse = errors.New("is in use in the container itself")

// saysInUse is what the relay says in that case.
const saysInUse = "the port is in use"

// Lead is a port of a container's loopback interface that only has to be opened to lead elsewhere. Whoever has one must
// open or close it.
type Lead struct {
	text    string
	connect func(context.Context) error
	close   func() error
}

// PrepareLead prepares that a port of a running container's loopback interface leads to a port of an address that the
// container can reach. It needs nothing of the image and no capability: a program of 3 KB is put into the container, or
// next to it where the container's filesystem is read-only.
func (e *Engine) PrepareLead(ctx context.Context, id string, port int, address string, to int) (*Lead, error) {
	l := &Lead{text: fmt.Sprintf("lead port %d of container %s to %s", port, id, net.JoinHostPort(address, strconv.Itoa(to)))}
	if err := e.prepareLead(ctx, l, id, []string{relayPath, strconv.Itoa(port), address, strconv.Itoa(to)}); err != nil {
		return nil, fmt.Errorf("%s: %w", l.text, err)
	}
	return l, nil
}

func (e *Engine) prepareLead(ctx context.Context, l *Lead, id string, command []string) error {
	program, err := e.relayProgram(ctx)
	if err != nil {
		return err
	}
	err = e.api.CopyToContainer(ctx, id, "/", executable(relayPath[1:], program), container.CopyToContainerOptions{})
	switch {
	case err == nil:
	case ctx.Err() != nil || broken(err) || IsConflict(err) || IsNotFound(err):
		return Plain(err)
	default:
		l.close = func() error { return nil }
		l.connect = func(ctx context.Context) error {
			_, err := e.nextTo(ctx, id, program, append(command, "stay"))
			return err
		}
		return nil
	}
	r, err := e.execRelay(ctx, id, nobody, command)
	if err != nil {
		return err
	}
	l.close = r.Close
	l.connect = func(ctx context.Context) error {
		c, err := r.Connect(ctx)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	if err := r.started(ctx); err != nil {
		r.Close()
		return err
	}
	return nil
}

// Open makes the port lead there, until the container ends. An error wraps ErrPortInUse if something in the container
// listens to it. If it fails, there is nothing to close.
func (l *Lead) Open(ctx context.Context) error {
	err := l.connect(ctx)
	if err != nil && err.Error() == saysInUse {
		err = fmt.Errorf("the port %w", ErrPortInUse)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l.text, err)
	}
	return nil
}

// Close gives up a port that has not been opened.
func (l *Lead) Close() error { return l.close() }

// Address returns the address that a running container has on its network.
func (e *Engine) Address(ctx context.Context, id string) (string, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return "", fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	if at := endpointOf(c).IPAddress; at != "" {
		return at, nil
	}
	return "", fmt.Errorf("container %s has no address", id)
}
