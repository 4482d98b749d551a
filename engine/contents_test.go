package engine

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"gotest.tools/v3/assert"
)

// TestAbsent: BuildKit says in words only that a file is not there.
func TestAbsent(t *testing.T) {
	for text, is := range map[string]bool{
		"failed to solve: lstat /var/lib: no such file or directory": true, "readdirent /etc/passwd: not a directory": true,
		"read /etc: is a directory": true, "the engine is gone": false,
	} {
		assert.Equal(t, errors.Is(absent(errors.New(text)), fs.ErrNotExist), is, text)
	}
	assert.NilError(t, absent(nil))
}

// written are files by name.
type written map[string]string

func (w written) ReadFile(_ context.Context, name string) ([]byte, error) {
	text, ok := w[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (w written) ReadDir(context.Context, string) ([]string, error) {
	return []string{"a.spdx.json", "log.txt", "z.json"}, nil
}

// TestReports: of what a scanner has written, that counts which BuildKit reads, too.
func TestReports(t *testing.T) {
	got, err := reportsIn(t.Context(), written{"/a.spdx.json": "1", "/z.json": "2"})
	assert.NilError(t, err)
	assert.DeepEqual(t, got, [][]byte{[]byte("1"), []byte("2")})
	_, err = reportsIn(t.Context(), written{"/a.spdx.json": "1"})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
