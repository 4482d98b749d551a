package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// BenchmarkLoad is about the contexts of a source tree of 10000 files of 8 kB: read whole, and unchanged since the
// cache saw it.
func BenchmarkLoad(b *testing.B) {
	later(b)
	dir := b.TempDir()
	data := make([]byte, 8<<10)
	for i := range 10000 {
		at := filepath.Join(dir, fmt.Sprintf("d%d/e%d", i%10, i/10%20))
		assert.NilError(b, os.MkdirAll(at, 0o755))
		data[0], data[1] = byte(i), byte(i>>8)
		assert.NilError(b, os.WriteFile(fmt.Sprintf("%s/f%d.pm", at, i), data, 0o644))
	}
	st := &stack.Stack{Name: "test", Dir: dir, Contexts: named{
		"source": {From: "source", Exclude: []string{".git"}},
		"deps":   {From: "source", Include: []string{"d0/e0/f0.pm", "d1/e0"}},
		"perl":   {From: "source", Include: []string{"**/*.pm"}},
	}}
	for _, cache := range []string{"", b.TempDir()} {
		name := map[bool]string{true: "read", false: "unchanged"}[cache == ""]
		b.Run(name, func(b *testing.B) {
			opts := Options{Source: dir, Cache: cache}
			_, err := Load(context.Background(), st, opts)
			assert.NilError(b, err)
			for b.Loop() {
				_, err := Load(context.Background(), st, opts)
				assert.NilError(b, err)
			}
		})
	}
}
