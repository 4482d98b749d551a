package stack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// TestRefused loads each file of testdata/refused, which must fail with exactly the text in the golden file next to it.
func TestRefused(t *testing.T) {
	files, err := filepath.Glob("testdata/refused/*.yaml")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			opts := Options{Environ: []string{"SET=1"}}
			s, err := LoadFS(context.Background(), os.DirFS("testdata/refused"), name+".yaml", opts)
			assert.Assert(t, err != nil)
			assert.Assert(t, s == nil)
			golden.Assert(t, err.Error()+"\n", "refused/"+name+".golden")
		})
	}
}
