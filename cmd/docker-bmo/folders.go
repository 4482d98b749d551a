package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/private"
)

// own is the name of our folder in those of the user.
const own = "docker-bmo"

// cacheDir returns the folder of what can be made again: checkouts and digests of files. Empty if the user has no such
// folder. A relative XDG_CACHE_HOME is ignored, as its specification says: it would be another folder in each one that a
// command runs in, perhaps in a build context.
func cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, own)
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		return filepath.Join(dir, own)
	}
	return inHome(".cache")
}

// stateDir returns the folder of the log files and of the locks of running commands. Empty if the user has no home: a
// folder that all users share is no place for either.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, own)
	}
	return inHome(".local", "state")
}

// inHome returns our folder below the user's home; empty if there is none.
func inHome(below ...string) string {
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(append(append([]string{home}, below...), own)...)
}

// checkedDir returns a folder of ours, or warns and returns nothing if others could have changed what is in it.
func checkedDir(w io.Writer, dir string) string {
	if dir == "" {
		return ""
	}
	if err := private.Check(dir); err != nil {
		warn(w, hint.Wrap(fmt.Errorf("the folder is not used: %w", err),
			"make it yours alone, or name another one by XDG_STATE_HOME and XDG_CACHE_HOME"))
		return ""
	}
	return dir
}
