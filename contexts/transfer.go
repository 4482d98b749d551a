package contexts

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// FS returns the tree as BuildKit receives it: exactly the entries that the digest covers, made uniform as the package
// documentation says.
func (t *Tree) FS() fsutil.FS { return transfer{t} }

type transfer struct{ tree *Tree }

// Open returns the content of a file, checked while it is read.
func (x transfer) Open(name string) (io.ReadCloser, error) {
	e, err := x.tree.file(filepath.ToSlash(name))
	if err != nil {
		return nil, err
	}
	return e.open(x.tree.fault), nil
}

// Walk visits the entry at target and all below it, in transfer order.
func (x transfer) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	target = strings.TrimPrefix(path.Clean(filepath.ToSlash(target)), "/")
	all := target == "" || target == "."
	found, skip := false, ""
	for _, e := range x.tree.entries {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if !all && e.path != target && !strings.HasPrefix(e.path, target+"/") {
			continue
		}
		found = true
		if skip != "" && strings.HasPrefix(e.path, skip) {
			continue
		}
		switch err := fn(filepath.FromSlash(e.path), &fsutil.DirEntryInfo{Stat: e.stat()}, nil); {
		case errors.Is(err, fs.SkipAll):
			return nil
		case errors.Is(err, fs.SkipDir) && e.kind == kindDir:
			skip = e.path + "/"
		case errors.Is(err, fs.SkipDir) && path.Dir(e.path) == ".":
			return nil
		case errors.Is(err, fs.SkipDir):
			skip = path.Dir(e.path) + "/"
		case err != nil:
			return err
		}
	}
	if !all && !found {
		return &fs.PathError{Op: "walk", Path: target, Err: fs.ErrNotExist}
	}
	return nil
}

// stat returns a new one each time, since the sender modifies it.
func (e entry) stat() *types.Stat {
	s := &types.Stat{Path: filepath.FromSlash(e.path), Mode: uint32(e.mode), ModTime: e.time, Size: e.size}
	switch e.kind {
	case kindDir:
		s.Mode |= uint32(fs.ModeDir)
	case kindLink:
		s.Mode, s.Linkname, s.Size = uint32(fs.ModeSymlink|0o777), e.target, int64(len(e.target))
	case kindPipe:
		s.Mode |= uint32(fs.ModeNamedPipe)
	}
	return s
}
