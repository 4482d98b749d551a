//go:build !windows

package private

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// TestR8FolderOfSomebodyElse: what is removed in a folder that another user can change may be elsewhere.
func TestR8FolderOfSomebodyElse(t *testing.T) {
	base := t.TempDir()
	at := func(name string) string { return filepath.Join(base, name) }
	assert.NilError(t, Dir(at("new/folder")))
	info, err := os.Stat(at("new/folder"))
	assert.NilError(t, err)
	assert.Equal(t, info.Mode().Perm(), os.FileMode(0o700))
	assert.NilError(t, Dir(at("new/folder")))

	assert.NilError(t, os.Symlink(at("new"), at("link")))
	assert.ErrorContains(t, Dir(at("link")), "is a link")
	assert.NilError(t, os.Mkdir(at("shared"), 0o700))
	assert.NilError(t, os.Chmod(at("shared"), 0o777))
	assert.ErrorContains(t, Dir(at("shared")), "can be written to by everybody")
	assert.NilError(t, os.WriteFile(at("file"), nil, 0o600))
	assert.Assert(t, Dir(at("file")) != nil)
	assert.Assert(t, Dir(at("file/folder")) != nil)
	assert.NilError(t, Check(at("nothing")))
	assert.ErrorContains(t, check("x", foreign{info}), "x belongs to another user")
}

// foreign is a folder of another user.
type foreign struct{ fs.FileInfo }

func (foreign) Sys() any { return &syscall.Stat_t{Uid: uint32(os.Geteuid()) + 1} }
