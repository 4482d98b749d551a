package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// The names of Compose files, in the order in which Compose looks for them.
var (
	composeFiles  = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
	overrideFiles = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
	ownFiles      = []string{"compose.bmo.yaml", "compose.bmo.yml"}
)

// FindFiles returns the Compose files that a path means: the file itself, or those of a folder: the one that Compose
// takes, then the one that Compose lays over it (compose.override.yaml), then compose.bmo.yaml, in which a project says
// what its Compose file has no keys for.
func FindFiles(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
		return []string{name}, nil
	}
	file, err := first(name, composeFiles)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("no Compose file in %s", name), "name the file, or call it compose.yaml")
	}
	files := []string{file}
	for _, more := range [][]string{overrideFiles, ownFiles} {
		if file, err := first(name, more); err == nil {
			files = append(files, file)
		}
	}
	return files, nil
}

// FindAbove returns the Compose files of a folder, or of the next one above it that has a Compose file, as Compose
// finds them. The error satisfies errors.Is(err, fs.ErrNotExist) when there is none.
func FindAbove(dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		if _, err := first(dir, composeFiles); err == nil {
			return FindFiles(dir)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, fs.ErrNotExist
		}
		dir = up
	}
}

// first returns the first of the names that is a file in dir.
func first(dir string, names []string) (string, error) {
	for _, base := range names {
		file := filepath.Join(dir, base)
		info, err := os.Stat(file)
		if err == nil && !info.IsDir() {
			return file, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fs.ErrNotExist
}
