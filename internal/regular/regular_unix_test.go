//go:build !windows

package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// TestR13FilesWithoutAnEnd: what may never end, or never begin, is refused before it is opened.
func TestR13FilesWithoutAnEnd(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	assert.NilError(t, syscall.Mkfifo(at("fifo"), 0o600))
	assert.NilError(t, os.Symlink(at("fifo"), at("link")))
	assert.NilError(t, os.WriteFile(at("large"), []byte(strings.Repeat("x", 3<<20)), 0o600))
	assert.NilError(t, os.WriteFile(at("small"), []byte("text"), 0o600))
	for name, want := range map[string]string{
		at("fifo"): "is not a regular file", at("link"): "is not a regular file", "/dev/zero": "is not a regular file",
		dir: "is a directory", at("large"): "is larger than 2 MiB", at("none"): "no such file",
	} {
		_, err := Read(name, 2<<20)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, Check(name, 2<<20), want)
	}
	for _, name := range []string{at("small"), "/proc/self/comm"} { // the latter says that it is empty
		want, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		assert.NilError(t, err)
		content, err := Read(name, 2<<20)
		assert.NilError(t, err)
		assert.Equal(t, string(content), string(want))
	}
}
