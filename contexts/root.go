package contexts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// A root is a folder that contexts are taken from. It looks at each of its
// folders and files once, however many contexts there are. One goroutine may
// walk it at a time.
type root struct {
	at    place
	fsys  fs.FS
	dirs  map[string][]fs.DirEntry
	nodes map[string]*node
}

func newRoot(at place, fsys fs.FS) *root {
	return &root{at: at, fsys: fsys, dirs: map[string][]fs.DirEntry{}, nodes: map[string]*node{}}
}

// show names a path of the root in a message.
func (r *root) show(name string) string {
	if at, err := r.at.join(name); err == nil {
		return at.show()
	}
	return r.at.show() + "/" + name
}

func (r *root) failed(name string, err error) error {
	text := fmt.Sprintf("%s cannot be read: %s", r.show(name), reason(err))
	if errors.Is(err, fs.ErrPermission) {
		text += "\nhint: name it in .dockerignore when no image needs it"
	}
	return &readError{text, err}
}

// reason is an error without the path that the message has already.
func reason(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

type readError struct {
	text string
	err  error
}

func (e *readError) Error() string { return e.text }
func (e *readError) Unwrap() error { return e.err }

// openFile opens a regular file and nothing else: a pipe in its place would
// never end.
func (r *root) openFile(name string) (fs.File, error) {
	info, err := fs.Lstat(r.fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file any more")
	}
	return r.fsys.Open(name)
}

// ReadDir lists a folder, from memory the second time.
func (r *root) ReadDir(name string) ([]fs.DirEntry, error) {
	if list, ok := r.dirs[name]; ok {
		return list, nil
	}
	if err := r.checkName(name); err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(r.fsys, name)
	if err != nil {
		return nil, r.failed(name, err)
	}
	r.dirs[name] = list
	return list, nil
}

// memory is a root as fs.WalkDir wants it.
type memory struct{ *root }

func (m memory) Open(name string) (fs.File, error) { return m.fsys.Open(name) }

// everything is the whole of a root as fsutil's filters want it: paths and
// kinds. It leaves all else of a file for later, and for those that are kept.
type everything struct{ *root }

func (all everything) Open(string) (io.ReadCloser, error) { return nil, fs.ErrInvalid }

func (all everything) Walk(ctx context.Context, _ string, fn fs.WalkDirFunc) error {
	return fs.WalkDir(memory(all), ".", func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if name == "." {
			return err
		}
		var e fs.DirEntry
		if d != nil {
			name := filepath.FromSlash(name)
			e = &fsutil.DirEntryInfo{Stat: &types.Stat{Path: name, Mode: uint32(d.Type())}}
		}
		return fn(filepath.FromSlash(name), e, err)
	})
}
