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

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// A cachedDir is a folder that contexts are taken from. It looks at each of its folders and files once, however many
// contexts there are. Only one goroutine may walk it at a time.
type cachedDir struct {
	at       dir
	fsys     fs.FS
	listings map[string][]fs.DirEntry
	nodes    map[string]*node
	leftOut  []string // kind and path of what no image can hold
}

func newCachedDir(at dir, fsys fs.FS) *cachedDir {
	return &cachedDir{at: at, fsys: fsys, listings: map[string][]fs.DirEntry{}, nodes: map[string]*node{}}
}

// show names a path of the folder in a message.
func (c *cachedDir) show(name string) string {
	if at, err := c.at.join(name); err == nil {
		return at.show()
	}
	return c.at.show() + "/" + name
}

func (c *cachedDir) failed(name string, err error) error {
	failed := &readError{fmt.Sprintf("%s cannot be read: %s", c.show(name), reason(err)), err}
	if errors.Is(err, fs.ErrPermission) {
		return hint.Wrap(failed, "list it in .dockerignore if no image needs it")
	}
	return failed
}

// reason returns an error without the path, which the message already has.
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

// openFile opens a regular file and nothing else: reading a pipe in its place would never end.
func (c *cachedDir) openFile(name string) (fs.File, error) {
	info, err := fs.Lstat(c.fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no longer a regular file")
	}
	return c.fsys.Open(name)
}

// ReadDir lists a folder; the second time from memory.
func (c *cachedDir) ReadDir(name string) ([]fs.DirEntry, error) {
	if list, ok := c.listings[name]; ok {
		return list, nil
	}
	if err := c.checkName(name); err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(c.fsys, name)
	if err != nil {
		return nil, c.failed(name, err)
	}
	c.listings[name] = list
	return list, nil
}

// cachedFS is a cachedDir in the form that fs.WalkDir needs.
type cachedFS struct{ *cachedDir }

func (m cachedFS) Open(name string) (fs.File, error) { return m.fsys.Open(name) }

// wholeFS is the whole of a cachedDir in the form that fsutil's filters need: paths and kinds. All else is read later,
// of the files that are kept.
type wholeFS struct{ *cachedDir }

func (all wholeFS) Open(string) (io.ReadCloser, error) { return nil, fs.ErrInvalid }

func (all wholeFS) Walk(ctx context.Context, _ string, fn fs.WalkDirFunc) error {
	return fs.WalkDir(cachedFS(all), ".", func(name string, d fs.DirEntry, err error) error {
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
