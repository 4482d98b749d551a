package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// locate finds the folder that the user means by a path or a Git URL, and how
// to name it.
func (c *composer) locate(ctx context.Context, loc location) (place, string, error) {
	switch {
	case loc.remote != "":
		return place{}, "", fmt.Errorf("%s is an image, not a folder", loc.text)
	case loc.git != nil:
		return c.fetched(ctx, loc)
	}
	dir := filepath.Clean(loc.folder)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(c.workDir, dir)
	}
	if _, err := os.Stat(dir); err != nil {
		return place{}, "", fmt.Errorf("%s: %s", dir, reason(err))
	}
	return diskPlace(dir), dir, nil
}

// stackPlace finds a folder or Git URL that the Compose file names.
func (c *composer) stackPlace(ctx context.Context, text string) (place, error) {
	loc, err := parseLocation(text)
	switch {
	case err != nil:
		return place{}, err
	case loc.remote != "":
		return place{}, fmt.Errorf("%s is an image, not a folder", text)
	case loc.git != nil:
		p, _, err := c.fetched(ctx, loc)
		return p, err
	}
	return c.home().join(filepath.ToSlash(loc.folder))
}

// home is the folder of the Compose file.
func (c *composer) home() place {
	if c.stack.Dir == "" && c.stack.FS != nil {
		return place{name: "built-in stack " + c.stack.Name, fsys: c.stack.FS, path: c.stack.Path}
	}
	return diskPlace(c.stack.Dir)
}

type fetchedTree struct {
	place place
	name  string
}

// fetched is the tree of a Git URL; each URL is asked for once.
func (c *composer) fetched(ctx context.Context, loc location) (place, string, error) {
	if f, ok := c.fetches[loc.text]; ok {
		return f.place, f.name, nil
	}
	out, err := fetch(ctx, c.opts.Cache, loc.git, func(detail string) {
		c.progress("fetch "+shown(loc.text), detail)
	})
	if err != nil {
		return place{}, "", err
	}
	p, err := out.place(loc.git)
	if err != nil {
		return place{}, "", err
	}
	name := out.url(loc.git)
	if loc.git.SubDir != "" {
		name += ":" + loc.git.SubDir
	}
	c.fetches[loc.text] = fetchedTree{p, name}
	return p, name, nil
}
