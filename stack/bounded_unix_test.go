//go:build !windows

package stack

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// TestR13HostileFiles: whichever way a file is named, it is refused at once if it has no end, or is made to be slow.
func TestR13HostileFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		at := filepath.Join(dir, name)
		assert.NilError(t, os.WriteFile(at, []byte(text), 0o600))
		return at
	}
	fifo := filepath.Join(dir, "fifo")
	assert.NilError(t, syscall.Mkfifo(fifo, 0o600))
	deep := strings.Repeat("{a: ", 9000) + "1" + strings.Repeat("}", 9000)
	write("deep.yaml", "services: {web: "+deep+"}")
	write("large.yaml", "# "+strings.Repeat("x", maxFile))
	base := "name: x\nservices:\n  web:\n    image: a\n"
	laughs := "x-a: &a [1,1,1,1,1,1,1,1,1]\n"
	for c := 'b'; c < 'j'; c++ {
		laughs += "x-" + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"deep":          {"x-deep: " + deep + "\n" + base, "keys and lists are more than 100 levels deep"},
		"deep, block":   {"x-deep:\n  " + strings.Repeat("- ", 9000) + "1\n" + base, "keys and lists are more than 100 levels deep"},
		"aliases":       {laughs + base, ""},
		"large":         {base + "# " + strings.Repeat("x", maxFile), "is larger than 4 MiB"},
		"extends fifo":  {base + "    extends: {file: fifo, service: web}\n", "is not a regular file"},
		"extends zero":  {base + "    extends: {file: /dev/zero, service: web}\n", "is not a regular file"},
		"extends deep":  {base + "    extends: {file: deep.yaml, service: web}\n", "more than 100 levels deep"},
		"extends large": {base + "    extends: {file: large.yaml, service: web}\n", "is larger than 4 MiB"},
		"include fifo":  {"include: [fifo]\n" + base, "is not a regular file"},
		"env_file fifo": {base + "    env_file: fifo\n", "is not a regular file"},
		"env_file zero": {base + "    env_file: /dev/zero\n", "is not a regular file"},
		"label_file":    {base + "    label_file: fifo\n", "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(t.Context(), []string{write("compose.yaml", c.text)}, Options{})
			if c.want == "" {
				return // whatever comes of it, it comes at once
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := Load(t.Context(), []string{write("compose.yaml", base)}, Options{EnvFiles: []string{fifo}})
	assert.ErrorContains(t, err, "is not a regular file")
	assert.NilError(t, os.Rename(fifo, filepath.Join(dir, ".env")))
	_, err = Load(t.Context(), []string{write("compose.yaml", base)}, Options{})
	assert.ErrorContains(t, err, "is not a regular file")
}

// TestR13ContentWithoutAnEnd: secrets and configs are read only from files that have an end, however they are named.
func TestR13ContentWithoutAnEnd(t *testing.T) {
	st := &Stack{Dir: t.TempDir()}
	fifo := filepath.Join(st.Dir, "fifo")
	assert.NilError(t, syscall.Mkfifo(fifo, 0o600))
	for _, name := range []string{"fifo", fifo, "/dev/zero"} {
		_, err := st.Content(Content{Path: name})
		assert.ErrorContains(t, err, "is not a regular file")
	}
	large := filepath.Join(st.Dir, "large")
	assert.NilError(t, os.WriteFile(large, nil, 0o600))
	assert.NilError(t, os.Truncate(large, maxContent+1))
	for _, name := range []string{"large", large} {
		_, err := st.Content(Content{Path: name})
		assert.ErrorContains(t, err, "is larger than 64 MiB")
	}
}
