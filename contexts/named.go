package contexts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/stack"
)

// planContexts plans the named contexts of the stack and of the user.
func (c *composer) planContexts(ctx context.Context) error {
	names := maps.Clone(c.overrides)
	for name := range c.stack.Contexts {
		if proper, err := contextName(name); err != nil {
			return err
		} else if proper != name {
			return fmt.Errorf("context %s has to be named %s", name, proper)
		}
		names[name] = location{}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if remote := c.overrides[name].remote; remote != "" {
			c.result.Remote[name] = remote
			continue
		}
		s, err := c.named(ctx, name, nil)
		if err != nil {
			return err
		}
		c.planned[name] = s
	}
	return nil
}

// named returns what a named context holds. The trail is how we came here.
func (c *composer) named(ctx context.Context, name string, trail []string) (selection, error) {
	if s, ok := c.selections[name]; ok {
		return s, nil
	}
	if slices.Contains(trail, name) {
		return selection{}, &contextError{name, fmt.Errorf("it is made from itself: %s", strings.Join(append(trail, name), " -> "))}
	}
	var s selection
	var err error
	if _, ok := c.overrides[name]; ok {
		s, err = c.override(ctx, name, trail)
	} else {
		s, err = c.declared(ctx, name, append(slices.Clip(trail), name))
	}
	var nested *contextError
	if err != nil && !errors.As(err, &nested) {
		err = &contextError{name, err}
	}
	if err != nil {
		return selection{}, err
	}
	c.selections[name] = s
	return s, nil
}

// declared is a context of the stack, narrowed as it says.
func (c *composer) declared(ctx context.Context, name string, trail []string) (selection, error) {
	decl := c.stack.Contexts[name]
	s, err := c.from(ctx, name, decl, trail)
	if err != nil {
		return selection{}, err
	}
	return s.narrow(decl.Include, decl.Exclude)
}

// contextError names the context that is wrong, not those made from it, and none
// when it is the source tree.
type contextError struct {
	name string
	err  error
}

func (e *contextError) Unwrap() error { return e.err }

func (e *contextError) Error() string {
	if e.name == "" {
		return e.err.Error()
	}
	return fmt.Sprintf("context %s: %s", e.name, e.err)
}

// from returns what a context is made from, before it is narrowed. By its own
// name it can only mean a folder.
func (c *composer) from(ctx context.Context, name string, decl stack.Context, trail []string) (selection, error) {
	heed := decl.Ignore == nil || *decl.Ignore
	_, isContext := c.stack.Contexts[decl.From]
	_, isOverride := c.overrides[decl.From]
	switch {
	case decl.From == stack.FromEmpty:
		return selection{}, nil
	case decl.From == stack.FromSource:
		if err := c.openSource(ctx); err != nil {
			return selection{}, err
		}
		return c.heeding(c.source, heed)
	case decl.From != name && (isContext || isOverride):
		if decl.Ignore != nil {
			return selection{}, fmt.Errorf("ignore has no meaning here\nhint: set it on %s, which this one is made from", decl.From)
		}
		return c.named(ctx, decl.From, trail)
	}
	p, err := c.stackPlace(ctx, decl.From)
	if err != nil {
		return selection{}, err
	}
	return c.folder(p, heed)
}

// openSource finds the source tree when the first context needs it.
func (c *composer) openSource(ctx context.Context) error {
	if c.source != nil {
		return nil
	}
	p, name, err := c.findSource(ctx)
	if err != nil {
		return &contextError{"", err}
	}
	c.result.Source = name
	c.source, err = c.open(p)
	return err
}

func (c *composer) folder(p place, heed bool) (selection, error) {
	r, err := c.open(p)
	if err != nil {
		return selection{}, err
	}
	return c.heeding(r, heed)
}

// heeding is all of a folder but for what its .dockerignore lists. Where that
// does not count it is left out: BuildKit heeds it when it finds one.
func (c *composer) heeding(r *root, heed bool) (selection, error) {
	s := wholeOf(r)
	if !heed {
		return s.narrow(nil, []string{ignoreName})
	}
	return s.ignoring(r.at.readFile, ignoreName)
}
