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
)

// A place is a folder that files are read from: on disk, in a built-in stack or
// in a checkout.
type place struct {
	name string // of the tree that fsys is, for messages
	fsys fs.FS  // nil: on disk
	path string // a slash path in fsys, or an absolute folder on disk
	disk string // the folder on disk that fsys keeps to, "" for none
}

func diskPlace(dir string) place { return place{path: dir} }

// join is the place that a path leads to. Only on disk may it be an absolute
// one, and only there may it leave the tree.
func (p place) join(rel string) (place, error) {
	if p.fsys == nil {
		dir := filepath.FromSlash(rel)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.path, dir)
		}
		return diskPlace(filepath.Clean(dir)), nil
	}
	joined := path.Join(p.path, rel)
	if path.IsAbs(rel) || !fs.ValidPath(joined) {
		return place{}, fmt.Errorf("%q leads out of %s", rel, p.name)
	}
	return place{name: p.name, fsys: p.fsys, path: joined, disk: p.disk}, nil
}

func (p place) readFile(rel string) ([]byte, error) {
	at, err := p.join(rel)
	if err != nil {
		return nil, err
	}
	if at.fsys == nil {
		return os.ReadFile(at.path)
	}
	return fs.ReadFile(at.fsys, at.path)
}

func (p place) stat(rel string) (fs.FileInfo, error) {
	at, err := p.join(rel)
	if err != nil {
		return nil, err
	}
	if at.fsys == nil {
		return os.Stat(at.path)
	}
	return fs.Stat(at.fsys, at.path)
}

// show names the place in a message, with quotes where the name is an odd one.
func (p place) show() string {
	at := p.path
	if quoted := strconv.Quote(at); quoted != `"`+at+`"` || strings.ContainsAny(at, " *?") {
		at = quoted
	}
	switch {
	case p.fsys == nil:
		return at
	case p.path == ".":
		return p.name
	}
	return at + " of " + p.name
}

// root opens the place as a folder that contexts are taken from.
func (p place) root() (*root, error) {
	info, err := p.stat(".")
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", p.show())
	}
	var files fs.FS
	if err == nil {
		files, err = p.files()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %s\nhint: the folders of a stack are relative to its Compose file", p.show(), reason(err))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", p.show(), reason(err))
	}
	return newRoot(p, files), nil
}

// files is what is in the place, for listing and reading without following any
// link. An os.Root would take three times as long over it.
func (p place) files() (fs.FS, error) {
	if p.disk != "" {
		dir, err := filepath.EvalSymlinks(filepath.Join(p.disk, filepath.FromSlash(p.path)))
		return os.DirFS(dir), err
	}
	if p.fsys != nil {
		return fs.Sub(p.fsys, p.path)
	}
	return os.DirFS(p.path), nil
}
