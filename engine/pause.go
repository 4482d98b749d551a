package engine

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
)

// Pause freezes the processes of a running container.
func (e *Engine) Pause(ctx context.Context, id string) error {
	if err := e.api.ContainerPause(ctx, id); err != nil {
		return fmt.Errorf("pause container %s: %w", id, Plain(err))
	}
	return nil
}

// Unpause lets the processes of a paused container go on. It is no error if they do already.
func (e *Engine) Unpause(ctx context.Context, id string) error {
	c, err := e.api.ContainerInspect(ctx, id)
	if err == nil && (c.State == nil || !c.State.Paused) {
		return nil
	}
	if err == nil {
		err = e.api.ContainerUnpause(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("unpause container %s: %w", id, Plain(err))
	}
	return nil
}

// Watch watches a container that somebody else has started, for its next end. ctx bounds the watching.
func (e *Engine) Watch(ctx context.Context, id string) *Process {
	watch, cancel := context.WithCancel(ctx)
	ended, errs := e.api.ContainerWait(watch, id, container.WaitConditionNotRunning)
	p := &Process{ID: id, e: e, done: make(chan struct{})}
	copied := make(chan struct{})
	close(copied)
	go func() {
		defer cancel()
		p.watch(watch, ended, errs, copied)
	}()
	return p
}
