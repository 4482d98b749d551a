package stack

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

// TestWorktree: a linked worktree has a file that leads to the repository, a main one has the repository.
func TestWorktree(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"main/.git", "main/app", "Feature_X 2/app", "none"} {
		assert.NilError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "Feature_X 2", ".git"), []byte("gitdir: ../main/.git/worktrees/x\n"), 0o600))
	for at, want := range map[string]string{"main": "", "main/app": "", "Feature_X 2": "feature-x-2", "Feature_X 2/app": "feature-x-2"} {
		assert.Equal(t, (&Stack{Dir: filepath.Join(dir, at)}).Worktree(), want, at)
	}
	assert.Equal(t, (&Stack{}).Worktree(), "")
}

func TestLivePath(t *testing.T) {
	s := &Stack{Dir: "/srv/shop"}
	for source, want := range map[string]string{"src": "/srv/shop/src", "../lib": "/srv/lib", "/srv/shop/x": "/srv/shop/x", "": "", "builtin:/mysql": ""} {
		path, ok := s.Live(Mount{Source: source})
		assert.Equal(t, filepath.ToSlash(path), want)
		assert.Equal(t, ok, want != "")
	}
}
