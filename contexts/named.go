package contexts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// planContexts plans the named contexts of the stack and of the user.
func (l *loader) planContexts(ctx context.Context) error {
	names := maps.Clone(l.overrides)
	for name := range l.stack.Contexts {
		if proper, err := contextName(name); err != nil {
			return err
		} else if proper != name {
			return fmt.Errorf("context %s must be named %s", name, proper)
		}
		names[name] = contextRef{}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if remote := l.overrides[name].remote; remote != "" {
			l.result.Remote[name] = remote
			continue
		}
		s, err := l.named(ctx, name, nil)
		if err != nil {
			return err
		}
		l.planned[name] = s
	}
	return nil
}

// named returns the content of a named context. The trail is the contexts that led here.
func (l *loader) named(ctx context.Context, name string, trail []string) (selection, error) {
	if s, ok := l.selections[name]; ok {
		return s, nil
	}
	if slices.Contains(trail, name) {
		cycle := strings.Join(append(trail, name), " -> ")
		return selection{}, &contextError{name, fmt.Errorf("it is made from itself: %s", cycle)}
	}
	var s selection
	var err error
	if _, ok := l.overrides[name]; ok {
		s, err = l.override(ctx, name, trail)
	} else {
		s, err = l.declared(ctx, name, append(slices.Clip(trail), name))
	}
	var nested *contextError
	if err != nil && !errors.As(err, &nested) {
		err = &contextError{name, err}
	}
	if err != nil {
		return selection{}, err
	}
	l.selections[name] = s
	return s, nil
}

// declared is a context that the stack declares, narrowed by its patterns.
func (l *loader) declared(ctx context.Context, name string, trail []string) (selection, error) {
	decl := l.stack.Contexts[name]
	s, err := l.from(ctx, name, decl, trail)
	if err != nil {
		return selection{}, err
	}
	return s.narrow(decl.Include, decl.Exclude)
}

// contextError names the context that is wrong, not those made from it; none when the source tree is wrong.
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

// from returns what a context is made from, before it is narrowed. Its own name can only mean a folder.
func (l *loader) from(ctx context.Context, name string, decl stack.Context, trail []string) (selection, error) {
	useIgnoreFile := decl.Ignore == nil || *decl.Ignore
	_, isContext := l.stack.Contexts[decl.From]
	_, isOverride := l.overrides[decl.From]
	switch {
	case decl.From == stack.FromEmpty:
		return selection{}, nil
	case decl.From == stack.FromSource:
		if err := l.openSource(ctx); err != nil {
			return selection{}, err
		}
		return l.withIgnoreFile(l.sourceTree, useIgnoreFile)
	case decl.From != name && (isContext || isOverride):
		if decl.Ignore != nil {
			return selection{}, hint.Wrap(errors.New("ignore has no effect here"),
				fmt.Sprintf("set it on %s, which this one is made from", decl.From))
		}
		return l.named(ctx, decl.From, trail)
	}
	d, err := l.stackDir(ctx, decl.From)
	if err != nil {
		return selection{}, err
	}
	return l.folder(d, useIgnoreFile)
}

// openSource finds the source tree when the first context needs it.
func (l *loader) openSource(ctx context.Context) error {
	if l.sourceTree != nil {
		return nil
	}
	d, name, err := l.findSource(ctx)
	if err != nil {
		return &contextError{"", err}
	}
	l.result.Source = name
	l.sourceTree, err = l.openDir(d)
	return err
}

func (l *loader) folder(d dir, useIgnoreFile bool) (selection, error) {
	from, err := l.openDir(d)
	if err != nil {
		return selection{}, err
	}
	return l.withIgnoreFile(from, useIgnoreFile)
}

// withIgnoreFile is all of a folder except what its .dockerignore lists. Where that does not count, the file itself is
// left out, since BuildKit would apply it.
func (l *loader) withIgnoreFile(from *cachedDir, useIgnoreFile bool) (selection, error) {
	s := wholeOf(from)
	if !useIgnoreFile {
		return s.narrow(nil, []string{ignoreName})
	}
	return s.ignoring(from.at.readFile, ignoreName)
}
