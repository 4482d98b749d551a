package bmo

import (
	"context"

	"github.com/docker-bmo/docker-bmo/engine"
)

// ExecSpec is a command to run in a service.
type ExecSpec = engine.ExecSpec

// Exec runs a command in a service of a running instance and returns its exit code.
func (c *Client) Exec(ctx context.Context, name, service string, s ExecSpec) (int, error) {
	i, err := c.Find(ctx, name)
	if err != nil {
		return 0, err
	}
	id, err := i.Container(service)
	if err != nil {
		return 0, err
	}
	return c.engine.Exec(ctx, id, s)
}
