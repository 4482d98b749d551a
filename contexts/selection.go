package contexts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

const ignoreName = ".dockerignore"

// A selection is the part of a cachedDir that patterns leave. The filters are BuildKit's own.
type selection struct {
	from *cachedDir // nil: nothing at all
	fs   fsutil.FS
	only string // the file that is all of it
}

func wholeOf(from *cachedDir) selection { return selection{from: from, fs: wholeFS{from}} }

// narrow keeps what include matches, or all when there is no include, and removes from it what exclude matches.
func (s selection) narrow(include, exclude []string) (selection, error) {
	if s.from == nil || len(include)+len(exclude) == 0 {
		return s, nil
	}
	filtered, err := fsutil.NewFilterFS(s.fs, &fsutil.FilterOpt{
		IncludePatterns: cleaned(include),
		ExcludePatterns: cleaned(exclude),
	})
	if err != nil {
		return selection{}, hint.Wrap(err, "patterns have the syntax of a .dockerignore")
	}
	return selection{from: s.from, fs: filtered}, nil
}

// cleaned returns patterns in the form that they have when read from a .dockerignore.
func cleaned(patterns []string) []string {
	var out []string
	for _, p := range patterns {
		p, not := strings.CutPrefix(strings.TrimSpace(p), "!")
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if p = path.Clean(p); len(p) > 1 {
			p = strings.TrimPrefix(p, "/")
		}
		if not {
			p = "!" + p
		}
		out = append(out, p)
	}
	return out
}

// ignoring removes what an ignore file lists: the first of names that exists.
func (s selection) ignoring(read func(string) ([]byte, error), names ...string) (selection, error) {
	for _, name := range names {
		data, err := read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return selection{}, fmt.Errorf("%s cannot be read: %s", name, reason(err))
		}
		patterns, err := ignorefile.ReadAll(bytes.NewReader(data))
		if err == nil {
			s, err = s.narrow(nil, patterns)
		}
		if err != nil {
			return selection{}, fmt.Errorf("%s: %w", name, err)
		}
		return s, nil
	}
	return s, nil
}

// entries lists what is selected, without any content.
func (s selection) entries(ctx context.Context) ([]entry, error) {
	if s.from == nil {
		return nil, nil
	}
	if s.only != "" {
		return s.one()
	}
	var paths []string
	err := s.fs.Walk(ctx, "/", func(name string, _ fs.DirEntry, err error) error {
		paths = append(paths, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]entry, 0, len(paths))
	for _, name := range paths {
		n, err := s.from.node(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed since its folder was listed
		}
		if err != nil {
			return nil, err
		}
		if n != nil {
			list = append(list, entry{path: name, node: n})
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return list, nil
}
