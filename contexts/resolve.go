package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/stack"
)

// userDir returns the folder that the user means by a path or a Git URL, and how to name it.
func (l *loader) userDir(ctx context.Context, ref contextRef) (dir, string, error) {
	switch {
	case ref.remote != "":
		return dir{}, "", fmt.Errorf("%s is an image, not a folder", ref.text)
	case ref.git != nil:
		return l.fetched(ctx, ref)
	}
	folder := filepath.Clean(ref.folder)
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(l.workDir, folder)
	}
	if _, err := os.Stat(folder); err != nil {
		return dir{}, "", fmt.Errorf("%s: %s", folder, reason(err))
	}
	return diskDir(folder), folder, nil
}

// stackDir returns the folder that the Compose file means by a path or a Git URL.
func (l *loader) stackDir(ctx context.Context, text string) (dir, error) {
	if _, ok := stack.BuiltIn(text); ok {
		return l.stackPath(text)
	}
	ref, err := parseRef(text)
	switch {
	case err != nil:
		return dir{}, err
	case ref.remote != "":
		return dir{}, fmt.Errorf("%s is an image, not a folder", text)
	case ref.git != nil:
		d, _, err := l.fetched(ctx, ref)
		return d, err
	}
	return l.stackPath(ref.folder)
}

// stackPath returns the folder or file that the Compose file means by a path.
func (l *loader) stackPath(name string) (dir, error) {
	if within, ok := stack.BuiltIn(name); ok && l.stack.BuiltIn != nil {
		return dir{name: "the built-in stacks", fsys: l.stack.BuiltIn, path: "."}.join(within)
	}
	return l.composeDir().join(filepath.ToSlash(name))
}

// composeDir is the folder of the Compose file.
func (l *loader) composeDir() dir {
	if l.stack.Dir == "" && l.stack.FS != nil {
		return dir{name: "built-in stack " + l.stack.Name, fsys: l.stack.FS, path: l.stack.Path}
	}
	return diskDir(l.stack.Dir)
}

type fetchedTree struct {
	dir  dir
	name string
}

// fetched returns the tree of a Git URL; each URL is fetched once.
func (l *loader) fetched(ctx context.Context, ref contextRef) (dir, string, error) {
	if f, ok := l.fetches[ref.text]; ok {
		return f.dir, f.name, nil
	}
	out, err := fetch(ctx, l.opts.Cache, ref.git, func(detail string) {
		l.progress("fetch "+redacted(ref.text), detail)
	})
	if err != nil {
		return dir{}, "", err
	}
	d, err := out.subdir(ref.git)
	if err != nil {
		return dir{}, "", err
	}
	name := out.url(ref.git)
	if ref.git.SubDir != "" {
		name += ":" + ref.git.SubDir
	}
	l.fetches[ref.text] = fetchedTree{d, name}
	return d, name, nil
}
