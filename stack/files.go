package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/regular"
)

// tree is where a stack's own files are: the Compose file, what it extends, its env files. It is a folder on disk or a
// folder of an fs.FS.
type tree struct {
	dir  string // on disk, "" for an fs.FS
	fsys fs.FS
	path string // folder within fsys
	// builtIn are the built-in stacks, which files on disk can refer to; nil without them.
	builtIn fs.FS
	tmp     string // copies for compose-go, made when one is needed
	// named are the Compose files on disk that others include or extend, by their paths.
	named map[string][]byte
}

// maxFile is the largest Compose or env file, and maxDepth how deep keys and lists may be in each other. compose-go needs
// time and memory far beyond the size of a file.
const (
	maxFile  = 4 << 20
	maxDepth = 100
)

// read returns the file at a path relative to the tree's folder.
func (t *tree) read(name string) ([]byte, error) {
	if within, ok := BuiltIn(name); ok && t.fsys == nil {
		return t.readBuiltIn(within)
	}
	if t.fsys == nil {
		if !filepath.IsAbs(name) {
			name = filepath.Join(t.dir, filepath.FromSlash(name))
		}
		return regular.Read(name, maxFile)
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
// since compose-go asks again after it has made the path relative to the file that names it. A file on disk is accepted
// only to be refused by Load.
func (t *tree) Accept(name string) bool {
	if t.fsys == nil {
		_, builtIn := BuiltIn(name)
		return builtIn || t.refused(name) != nil
	}
	name, err := t.within(name)
	if err != nil {
		return true
	}
	info, err := fs.Stat(t.fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// refused returns why a file on disk that another one names is not read; nil for one that is not there, too.
func (t *tree) refused(name string) error {
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.dir, filepath.FromSlash(name))
	}
	info, err := os.Stat(name)
	if err != nil || info.IsDir() {
		return nil
	}
	content, err := regular.Read(name, maxFile)
	if err != nil {
		return err
	}
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		t.named[name] = content
	}
	return checkDepth(content)
}

// sources returns the files that others include or extend, called as seen from the folder of a file called first.
func (t *tree) sources(first string) (list []source) {
	for _, name := range slices.Sorted(maps.Keys(t.named)) {
		called := name
		if rel, err := filepath.Rel(t.dir, name); err == nil {
			called = filepath.Join(filepath.Dir(first), rel)
		}
		list = append(list, newSource(called, t.named[name]))
	}
	return list
}

// Load copies a file of the tree to disk and returns the path of the copy.
func (t *tree) Load(_ context.Context, name string) (string, error) {
	if _, builtIn := BuiltIn(name); !builtIn && t.fsys == nil {
		return "", t.refused(name)
	}
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
	if within, ok := BuiltIn(name); ok && t.fsys == nil {
		return builtInDir(within)
	}
	return path.Dir(strings.TrimPrefix(path.Clean(name), "./"))
}

// close removes the copies that Load has made.
func (t *tree) close() error {
	if t.tmp == "" {
		return nil
	}
	return os.RemoveAll(t.tmp)
}
