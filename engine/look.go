package engine

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// ContainerState is what a container is doing, or how it ended.
type ContainerState struct {
	ID, Name string
	Labels   map[string]string
	// Environment holds KEY=VALUE pairs, those of the image, too. Publish maps ports to those on Loopback that were asked for,
	// 0 for any, whether the container runs or not.
	Environment []string
	Publish     map[int]int
	Running     bool
	// ExitCode and OOM say how it ended last.
	ExitCode int
	OOM      bool
	// Created, Started and Finished are by the engine's clock; zero for what has not happened.
	Created, Started, Finished time.Time
}

// Look returns the state of a container.
func (e *Engine) Look(ctx context.Context, id string) (ContainerState, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return ContainerState{}, fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	s := ContainerState{ID: c.ID, Name: c.Name, Created: engineTime(c.Created)}
	if c.Config != nil {
		s.Labels, s.Environment = c.Config.Labels, c.Config.Env
	}
	if c.HostConfig != nil {
		s.Publish = map[int]int{}
		for p, bindings := range c.HostConfig.PortBindings {
			for _, b := range bindings {
				s.Publish[p.Int()], _ = strconv.Atoi(b.HostPort)
			}
		}
	}
	if c.State != nil {
		s.Running, s.ExitCode, s.OOM = c.State.Running, c.State.ExitCode, c.State.OOMKilled
		s.Started, s.Finished = engineTime(c.State.StartedAt), engineTime(c.State.FinishedAt)
	}
	return s, nil
}

// engineTime parses a time of the Engine API, in which year 1 stands for never.
func engineTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
