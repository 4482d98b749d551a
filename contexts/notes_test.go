package contexts

import (
	"context"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// notes loads a folder as two contexts and returns what is said of it.
func notes(t *testing.T, dir, cache string) (*Tree, []string) {
	t.Helper()
	st := oneContext(dir)
	st.Contexts["two"] = st.Contexts["one"]
	var said []string
	result, err := Load(context.Background(), st, Options{Cache: cache, Progress: func(name, detail string) {
		if detail != "" && !strings.HasPrefix(name, "hash ") {
			said = append(said, strings.ReplaceAll(name+": "+detail, dir, "DIR"))
		}
	}})
	assert.NilError(t, err)
	return result.Trees["one"], said
}

// TestSocketIsLeftOut: a server that runs in the source tree does not stop a build.
func TestSocketIsLeftOut(t *testing.T) {
	t.Chdir(t.TempDir()) // the path of a socket has to be short
	dir, err := os.Getwd()
	assert.NilError(t, err)
	files{"a": "1", "run/s": "socket", "run/t": "socket"}.write(t, ".")
	tree, said := notes(t, dir, "")
	assert.DeepEqual(t, list(t, tree), []string{"f a", "d run"})
	assert.DeepEqual(t, said, []string{"DIR: left out, since no image can hold it: socket run/s and 1 more"})
}

// TestPipeArrives: as with docker build.
func TestPipeArrives(t *testing.T) {
	dir, dest := folder(t, files{"p": "pipe"}), t.TempDir()
	tree, said := notes(t, dir, "")
	assert.Equal(t, len(said), 0)
	send(t, tree.FS(), dest)
	info, err := os.Lstat(dest + "/p")
	assert.NilError(t, err)
	assert.Equal(t, info.Mode().String(), "prw-r--r--")
	assert.Equal(t, one(t, dest).Digest(), tree.Digest())
}

// TestGitLFSPointersAreSaid: each time, since the images lack the files each time.
func TestGitLFSPointersAreSaid(t *testing.T) {
	later(t)
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 9\n"
	dir, cache := folder(t, files{"a": "1", "img/one.png": pointer, "img/two.png": pointer, "long": pointer + strings.Repeat(" ", 1024)}), t.TempDir()
	for range 2 {
		_, said := notes(t, dir, cache)
		assert.DeepEqual(t, said, []string{
			"DIR: a Git LFS pointer in place of a file: img/one.png and 1 more; `git lfs pull` gets the content",
		})
	}
}
