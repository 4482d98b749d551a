//go:build !windows

package journal

import (
	"path/filepath"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// TestNoRecordIsWaitedFor: a pipe by the name of a record is none, and nobody waits for what may come out of it.
func TestNoRecordIsWaitedFor(t *testing.T) {
	a := OpenArchive(t.TempDir())
	assert.NilError(t, syscall.Mkfifo(filepath.Join(a.dir, NewID(noon)+suffix), 0o600))
	list, err := a.List()
	assert.NilError(t, err)
	assert.Equal(t, len(list), 0)
}
