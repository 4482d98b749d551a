package stack

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Live returns the path of the project's own file or folder that a mount is a copy of; ok is false for a volume, and in a
// built-in stack.
func (s *Stack) Live(m Mount) (path string, ok bool) {
	_, builtIn := BuiltIn(m.Source)
	if m.Source == "" || s.Dir == "" || builtIn {
		return "", false
	}
	path = filepath.FromSlash(m.Source)
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Dir, path)
	}
	return path, true
}

// notInNames matches what is replaced in a folder's name.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// Worktree returns the name of the linked Git worktree that the stack is in, "" in a main one and elsewhere.
func (s *Stack) Worktree() string {
	for dir := s.Dir; dir != ""; dir = filepath.Dir(dir) {
		info, err := os.Lstat(filepath.Join(dir, ".git"))
		switch {
		case err == nil && info.Mode().IsRegular():
			return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-"), "-")
		case err == nil || dir == filepath.Dir(dir):
			return ""
		}
	}
	return ""
}
