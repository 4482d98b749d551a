package contexts

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/stack"
)

// findSource decides which source tree is meant: the one asked for, else the
// one that we are in, else the stack's own default.
func (c *composer) findSource(ctx context.Context) (place, string, error) {
	src, given := c.stack.Source, c.opts.Source
	if given == "" {
		if dir := enclosing(c.workDir, src.Marker); dir != "" {
			return diskPlace(dir), dir, nil
		}
		given = src.URL
	}
	if given == "" {
		return place{}, "", fmt.Errorf("stack %s needs a source tree and names none\n"+
			"hint: name one with --source, or work within one", c.stack.Name)
	}
	loc, err := parseLocation(given)
	if err != nil {
		return place{}, "", fmt.Errorf("source: %w", err)
	}
	p, shown, err := c.locate(ctx, loc)
	if err != nil {
		return place{}, "", fmt.Errorf("source: %w", err)
	}
	return p, shown, holdsMarkers(p, shown, c.stack)
}

// enclosing returns dir or the nearest folder above it that holds all markers.
func enclosing(dir string, markers []string) string {
	if len(markers) == 0 {
		return "" // everything would do
	}
	for {
		if missing(diskPlace(dir), markers) == "" {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// missing returns the first marker that is not there.
func missing(p place, markers []string) string {
	for _, m := range markers {
		if _, err := p.stat(m); err != nil {
			return m
		}
	}
	return ""
}

func holdsMarkers(p place, shown string, st *stack.Stack) error {
	if info, err := p.stat("."); err != nil {
		return fmt.Errorf("source: %s: %s", shown, reason(err))
	} else if !info.IsDir() {
		return fmt.Errorf("source: %s is not a folder", shown)
	}
	if m := missing(p, st.Source.Marker); m != "" {
		return fmt.Errorf("%s is not a source tree of %s\nhint: it has no %s; --source takes the top folder of one",
			shown, st.Name, m)
	}
	return nil
}
