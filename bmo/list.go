package bmo

import (
	"context"
	"slices"

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
	return matching(list, f), nil
}

// matching returns those of a list that pass the filter. It overwrites the list.
func matching(list []Instance, f InstanceFilter) []Instance {
	return slices.DeleteFunc(list, func(i Instance) bool { return !f.Match(i) })
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
