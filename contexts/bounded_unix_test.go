//go:build !windows

package contexts

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// TestR13DockerfileWithoutAnEnd: Dockerfiles and .dockerignore are read only if they have an end.
func TestR13DockerfileWithoutAnEnd(t *testing.T) {
	for _, name := range []string{"Dockerfile", ".dockerignore"} {
		for want, write := range map[string]func(string) error{
			"is not a regular file": func(at string) error { return syscall.Mkfifo(at, 0o600) },
			"is larger than 16 MiB": func(at string) error {
				return os.WriteFile(at, make([]byte, maxText+1), 0o600)
			},
		} {
			dir := folder(t, files{"Dockerfile": "FROM a\n"})
			at := filepath.Join(dir, name)
			assert.Check(t, os.RemoveAll(at))
			assert.NilError(t, write(at))
			st := &stack.Stack{Name: "test", Dir: dir, Services: []stack.Service{{Name: "web", Build: &stack.Build{Context: "."}}}}
			_, err := Load(t.Context(), st, Options{})
			assert.ErrorContains(t, err, want)
		}
	}
}
