package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// tree is where a stack's own files are: the Compose file, what it extends, its env files. It is a folder on disk or a
// folder of an fs.FS.
type tree struct {
	dir  string // on disk, "" for an fs.FS
	fsys fs.FS
	path string // folder within fsys
	tmp  string // copies for compose-go, made when one is needed
}

// read returns the file at a path relative to the tree's folder.
func (t *tree) read(name string) ([]byte, error) {
	if t.fsys == nil {
		if !filepath.IsAbs(name) {
			name = filepath.Join(t.dir, filepath.FromSlash(name))
		}
		return os.ReadFile(name)
	}
	name, err := t.within(name)
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(t.fsys, name)
}

// isDir reports whether a path relative to the tree's folder is a folder.
func (t *tree) isDir(name string) bool {
	if t.fsys == nil {
		info, err := os.Stat(filepath.Join(t.dir, filepath.FromSlash(name)))
		return err == nil && info.IsDir()
	}
	name, err := t.within(name)
	if err != nil {
		return false
	}
	info, err := fs.Stat(t.fsys, name)
	return err == nil && info.IsDir()
}

// within returns a relative path as one from the root of fsys.
func (t *tree) within(name string) (string, error) {
	joined := path.Join(t.path, name)
	if path.IsAbs(name) || !fs.ValidPath(joined) {
		return "", fmt.Errorf("%s is outside the built-in stacks", name)
	}
	return joined, nil
}

// workingDir is where compose-go looks for files that the tree does not have. For a built-in stack it does not exist.
func (t *tree) workingDir() string {
	if t.fsys == nil {
		return t.dir
	}
	return "/nonexistent"
}

// The methods below make a tree a loader.ResourceLoader: compose-go reads an extended file by its path on disk, which a
// file of a built-in stack does not have.

// Accept reports whether the tree is where to look for a file. A relative path that does not exist is not accepted,
// since compose-go asks again after it has made the path relative to the file that names it.
func (t *tree) Accept(name string) bool {
	if t.fsys == nil {
		return false
	}
	name, err := t.within(name)
	if err != nil {
		return true
	}
	info, err := fs.Stat(t.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// Load copies a file of the tree to disk and returns the path of the copy.
func (t *tree) Load(_ context.Context, name string) (string, error) {
	content, err := t.read(name)
	if err != nil {
		return "", err
	}
	if t.tmp == "" {
		if t.tmp, err = os.MkdirTemp("", "docker-bmo-stack-"); err != nil {
			return "", err
		}
	}
	file, err := os.CreateTemp(t.tmp, "*-"+path.Base(name))
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	return file.Name(), errors.Join(err, file.Close())
}

// Dir returns the folder of a file, relative to the tree's folder.
func (t *tree) Dir(name string) string {
	return path.Dir(strings.TrimPrefix(path.Clean(name), "./"))
}

// close removes the copies that Load has made.
func (t *tree) close() error {
	if t.tmp == "" {
		return nil
	}
	return os.RemoveAll(t.tmp)
}
