package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/regular"
)

// maxText is the largest Dockerfile or .dockerignore.
const maxText = 16 << 20

// A dir is a folder that files are read from: on disk, in a built-in stack or in a checkout.
type dir struct {
	name string // of the tree that fsys is, for messages
	fsys fs.FS  // nil: on disk
	path string // a slash path in fsys, or an absolute folder on disk
	disk string // the folder on disk that fsys keeps to, "" for none
}

func diskDir(folder string) dir { return dir{path: folder} }

// ofUser reports whether the folder is one of the user's, whose modes and times mean something.
func (d dir) ofUser() bool { return d.fsys == nil }

// join returns the folder that a path leads to. Only on disk may the path be absolute, and only there may it leave the
// tree.
func (d dir) join(rel string) (dir, error) {
	if d.fsys == nil {
		dir := filepath.FromSlash(rel)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(d.path, dir)
		}
		return diskDir(filepath.Clean(dir)), nil
	}
	joined := path.Join(d.path, rel)
	if path.IsAbs(rel) || !fs.ValidPath(joined) {
		return dir{}, fmt.Errorf("%q is outside %s", rel, d.name)
	}
	return dir{name: d.name, fsys: d.fsys, path: joined, disk: d.disk}, nil
}

func (d dir) readFile(rel string) ([]byte, error) {
	at, err := d.join(rel)
	if err != nil {
		return nil, err
	}
	if at.fsys == nil {
		return regular.Read(at.path, maxText)
	}
	if info, err := fs.Stat(at.fsys, at.path); err == nil && (!info.Mode().IsRegular() || info.Size() > maxText) {
		return nil, fmt.Errorf("%s is not a regular file of at most %d MiB", at.path, maxText>>20)
	}
	return fs.ReadFile(at.fsys, at.path)
}

func (d dir) stat(rel string) (fs.FileInfo, error) {
	at, err := d.join(rel)
	if err != nil {
		return nil, err
	}
	if at.fsys == nil {
		return os.Stat(at.path)
	}
	return fs.Stat(at.fsys, at.path)
}

// show names the folder in a message, quoted where the name is unusual.
func (d dir) show() string {
	at := d.path
	if quoted := strconv.Quote(at); quoted != `"`+at+`"` || strings.ContainsAny(at, " *?") {
		at = quoted
	}
	switch {
	case d.fsys == nil:
		return at
	case d.path == ".":
		return d.name
	}
	return at + " of " + d.name
}

// open opens the folder to take contexts from.
func (d dir) open() (*cachedDir, error) {
	info, err := d.stat(".")
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", d.show())
	}
	var files fs.FS
	if err == nil {
		files, err = d.files()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Wrap(fmt.Errorf("%s: %s", d.show(), reason(err)),
			"the folders of a stack are relative to its Compose file")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", d.show(), reason(err))
	}
	return newCachedDir(d, files), nil
}

// files returns the content of the folder, for listing and reading without following any link. An os.Root would take
// three times as long.
func (d dir) files() (fs.FS, error) {
	if d.disk != "" {
		dir, err := filepath.EvalSymlinks(filepath.Join(d.disk, filepath.FromSlash(d.path)))
		return os.DirFS(dir), err
	}
	if d.fsys != nil {
		return fs.Sub(d.fsys, d.path)
	}
	return os.DirFS(d.path), nil
}
