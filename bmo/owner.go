package bmo

import (
	"context"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// owner returns what this process puts on objects that end with it.
func (c *Client) owner(ctx context.Context) owner.Owner {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.self != nil {
		return *c.self
	}
	o := owner.Current()
	if dir := c.locks(); dir != "" {
		// Without a lock the process itself is looked for, which those on the same machine can do as well.
		o.Lock, _ = owner.Hold(dir)
	}
	o.Container, o.Since = c.engine.Self(ctx)
	c.self = &o
	return o
}

// view is what this process sees of other owners. Objects have their times by the engine's clock: this machine's may be wrong,
// or be set while others are at work.
func (c *Client) view() owner.View { return owner.View{Locks: c.locks(), Now: c.engine.Now} }

// locks is the folder of the locks of this user's processes; empty if there is none.
func (c *Client) locks() string {
	if c.stateDir == "" {
		return ""
	}
	return filepath.Join(c.stateDir, "owners")
}
