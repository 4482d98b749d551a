package bmo

import (
	"context"

	"github.com/docker-bmo/docker-bmo/instance"
)

// List returns the instances that pass the filter, newest first.
func (c *Client) List(ctx context.Context, f InstanceFilter) ([]Instance, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	list, err := instance.List(ctx, c.engine)
	if err != nil {
		return nil, err
	}
	passed := list[:0]
	for _, i := range list {
		if f.Match(i) {
			passed = append(passed, i)
		}
	}
	return passed, nil
}

// Find returns the instance of that name. IsNotFound reports whether the error is that there is none.
func (c *Client) Find(ctx context.Context, name string) (*Instance, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	return instance.Find(ctx, c.engine, name)
}

// Inspect returns everything that is known of the instance of that name.
func (c *Client) Inspect(ctx context.Context, name string) (*InstanceDetail, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	return instance.Inspect(ctx, c.engine, name)
}

// Port returns the address, 127.0.0.1:PORT, that a service's port (PORT or PORT/tcp) is published at.
func (c *Client) Port(ctx context.Context, name, service, port string) (string, error) {
	i, err := c.Find(ctx, name)
	if err != nil {
		return "", err
	}
	return i.Address(service, port)
}

// Logs calls show for the lines that services of an instance printed, of all services when none is named. What is there
// is shown in the order of time; with o.Follow, what comes is shown as it comes, until ctx ends. The options come from
// docker; Timestamps has no effect, as lines have their time.
func (c *Client) Logs(ctx context.Context, name string, services []string, o LogOptions, show func(LogLine)) error {
	i, err := c.Find(ctx, name)
	if err != nil {
		return err
	}
	return instance.Logs(ctx, c.engine, i, services, o, show)
}
