package contexts

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// sentTimes returns the time of each entry as BuildKit gets it.
func sentTimes(t *testing.T, tree *Tree) map[string]int64 {
	t.Helper()
	times := map[string]int64{}
	err := tree.FS().Walk(t.Context(), "/", func(name string, d fs.DirEntry, err error) error {
		assert.NilError(t, err)
		info, err := d.Info()
		assert.NilError(t, err)
		times[name] = info.ModTime().UnixNano()
		return nil
	})
	assert.NilError(t, err)
	return times
}

// TestOrderOfTimesIsThatOfTheFolder: make would make parser.c again if it were older than parser.y.
func TestOrderOfTimesIsThatOfTheFolder(t *testing.T) {
	content := files{"parser.y": "1", "parser.c": "2", "parser.h": "3", "parser.o": "4", "dir/": ""}
	ticks := map[string]int64{"parser.y": 0, "parser.c": 1, "parser.h": 1, "dir": 1, "parser.o": 2}
	for _, tick := range []time.Duration{1, time.Microsecond, time.Second, time.Hour} {
		dir := folder(t, content)
		was := map[string]int64{}
		for name, n := range ticks {
			at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(tick * time.Duration(n))
			was[name] = at.UnixNano()
			assert.NilError(t, os.Chtimes(filepath.Join(dir, name), at, at))
		}
		times := sentTimes(t, one(t, dir))
		for a := range ticks {
			assert.Assert(t, times[a] <= was[a] && times[a] > was[a]-int64(time.Second), a)
			for b := range ticks {
				assert.Equal(t, times[a] < times[b], ticks[a] < ticks[b], "%s and %s, %s apart", a, b, tick)
			}
		}
	}
}

// TestChangeOfEqualSizeAndTimeIsSent: BuildKit looks at nothing else.
func TestChangeOfEqualSizeAndTimeIsSent(t *testing.T) {
	dir, dest := folder(t, files{"a": "one", "b": "same"}), t.TempDir()
	for _, content := range []string{"one", "two", "six"} {
		assert.NilError(t, os.WriteFile(dir+"/a", []byte(content), 0o644))
		for _, name := range []string{"/a", "/b"} {
			assert.NilError(t, os.Chtimes(dir+name, time.Unix(1, 0), time.Unix(1, 0))) // as in a Nix store
		}
		send(t, one(t, dir).FS(), dest)
		got, err := os.ReadFile(dest + "/a")
		assert.NilError(t, err)
		assert.Equal(t, string(got), content)
	}
}

// TestBuiltInStackHasOneTimeAndGitsModes: what a program carries has neither.
func TestBuiltInStackHasOneTimeAndGitsModes(t *testing.T) {
	st := &stack.Stack{Name: "test", Path: ".", Contexts: map[string]stack.Context{"one": {From: "."}}, FS: fstest.MapFS{
		"dir/run": {Mode: 0o555}, "file": {Mode: 0o444, ModTime: time.Now()},
	}}
	result, err := Load(context.Background(), st, Options{})
	assert.NilError(t, err)
	tree := result.Trees["one"]
	times := sentTimes(t, tree)
	assert.Assert(t, times["file"] == times["dir"] && times["file"] == times["dir/run"])
	assert.Equal(t, tree.Digest(), one(t, folder(t, files{"dir/run": "x:", "file": ""})).Digest())
}
