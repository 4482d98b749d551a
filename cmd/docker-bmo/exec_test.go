package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

func TestExec(t *testing.T) {
	x := oneInstance(t)
	var got enginetest.Exec
	x.SetCommand(func(e *enginetest.Exec) int {
		got = *e
		fmt.Fprintln(e.Stdout, "to stdout")
		fmt.Fprintln(e.Stderr, "to stderr")
		if e.Options.AttachStdin {
			_, _ = io.Copy(e.Stdout, io.LimitReader(e.Stdin, 5))
		}
		return len(e.Options.Cmd) - 1
	})
	x.in = "hello"
	file := filepath.Join(t.TempDir(), "env")
	assert.NilError(t, os.WriteFile(file, []byte("A=a\nB=b\n"), 0o600))
	assert.Equal(t, x.run("exec", "--env-file", file, "-e", "A=b", "-u", "www", "-w", "/srv", "one", "web", "id"), 0)
	assert.Equal(t, x.out, "to stdout\nhello")
	assert.Equal(t, x.err, "to stderr\n")
	assert.Equal(t, got.Container, "docker-bmo-one-web")
	assert.DeepEqual(t, got.Options.Env, []string{"A=a", "B=b", "A=b"})
	assert.Equal(t, got.Options.User+got.Options.WorkingDir, "www/srv")
	assert.Equal(t, got.Options.Tty, false, "there is no terminal")

	assert.Equal(t, x.run("exec", "-i=false", "one", "db", "sh", "-c", "exit 2"), 2, "flags of the command are its own")
	assert.Equal(t, got.Container, "docker-bmo-one-db")
	assert.DeepEqual(t, got.Options.Cmd, []string{"sh", "-c", "exit 2"})
	assert.Equal(t, got.Options.AttachStdin, false)
	assert.Equal(t, x.err, "to stderr\n", "an exit code is no error of ours")
}

func TestExecMistakes(t *testing.T) {
	x := oneInstance(t)
	for name, args := range map[string][]string{
		"exec-no-instance": {"two", "web", "true"},
		"exec-no-service":  {"one", "cache", "true"},
		"exec-no-terminal": {"-t", "one", "web", "true"},
	} {
		assert.Equal(t, x.run(append([]string{"exec"}, args...)...), 1, name)
		x.golden(name)
	}
}

// TestExecMeanwhile: a service that somebody stops at that moment was called by its container's identifier.
func TestExecMeanwhile(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		answer       string
	}{
		{"POST", "/containers/.*/exec", 409, "container 0123 is not running"},
		{"GET", "/exec/.*/json", 404, "No such exec instance: 0123"},
	} {
		x := oneInstance(t)
		x.SetCommand(func(*enginetest.Exec) int { return 0 })
		x.Fail(c.method, c.path, c.status, c.answer, 1)
		assert.Equal(t, x.run("exec", "one", "web", "true"), 1)
		assert.Equal(t, x.err, "error: service web of instance one takes no commands now: "+c.answer+
			"\nhint: `docker bmo ps -a` shows what has become of the instance\n")
	}
}
