package contexts

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// findSource decides which source tree is meant: the one that was asked for, else the one that contains the working
// folder, else the stack's default.
func (l *loader) findSource(ctx context.Context) (dir, string, error) {
	src, given := l.stack.Source, l.opts.Source
	if given == "" {
		if dir := Enclosing(l.workDir, src.Marker); dir != "" {
			return diskDir(dir), dir, nil
		}
		given = src.URL
	}
	if given == "" {
		return dir{}, "", hint.Wrap(fmt.Errorf("stack %s needs a source tree and does not name one", l.stack.Name),
			"name one with --source, or run the command inside one")
	}
	ref, err := parseRef(given)
	if err != nil {
		return dir{}, "", fmt.Errorf("source: %w", err)
	}
	d, shown, err := l.userDir(ctx, ref)
	if err != nil {
		return dir{}, "", fmt.Errorf("source: %w", err)
	}
	return d, shown, holdsMarkers(d, shown, l.stack)
}

// Enclosing returns dir or the nearest folder above it that holds all markers, and "" when there is none, or no marker.
func Enclosing(dir string, markers []string) string {
	if len(markers) == 0 {
		return "" // every folder would match
	}
	for {
		if missing(diskDir(dir), markers) == "" {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// missing returns the first marker that does not exist.
func missing(d dir, markers []string) string {
	for _, m := range markers {
		if _, err := d.stat(m); err != nil {
			return m
		}
	}
	return ""
}

func holdsMarkers(d dir, shown string, st *stack.Stack) error {
	if info, err := d.stat("."); err != nil {
		return fmt.Errorf("source: %s: %s", shown, reason(err))
	} else if !info.IsDir() {
		return fmt.Errorf("source: %s is not a folder", shown)
	}
	if m := missing(d, st.Source.Marker); m != "" {
		return hint.Wrap(fmt.Errorf("%s is not a source tree of %s", shown, st.Name),
			fmt.Sprintf("it has no %s; --source takes the top folder of a source tree", m))
	}
	return nil
}
