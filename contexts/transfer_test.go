package contexts

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/assert/cmp"
)

// odd is a folder with everything that has a name or a kind of its own.
var odd = files{
	"new\nline": "1", "a space": "2", " lead": "3", "-rf": "4", "*": "5", "what?": "6", `back\slash`: "7",
	`"quoted"`: "8", "caf\u00e9": "NFC", "cafe\u0301": "NFD", "日本": "9", "a": "10", "a.b": "11",
	"a-b/c": "12", "a-b/-": "13", "a!/c": "14", "[x]": "15", "...": "16", "$HOME": "17", "#x": "18", "!x": "19",
	"\x7f\t": "20", "dir*/f?": "21", "A": "22", ".hidden": "23", "big": string(make([]byte, 1<<20)),
	"empty folder/": "", "deep/er/and/deeper/": "", "empty file": "", "run": "x:1", "dir/run": "x:1",
	"dangling": "->nowhere", "absolute": "->/etc/passwd", "loop": "->.", "up": "->..", "self": "->self",
	"folder": "->dir", "new\ntarget": "->a\nb", "dir/out": "->../../../out",
}

// What is transferred is what the digest covers.
func TestTransferAgreesWithDigest(t *testing.T) {
	tree := one(t, folder(t, odd))
	assert.Equal(t, fileCount(tree), len(odd)-2)
	dest := t.TempDir()
	send(t, tree.FS(), dest)
	received := one(t, dest)
	assert.DeepEqual(t, list(t, received), list(t, tree))
	assert.Equal(t, received.Digest(), tree.Digest())
	assert.Equal(t, byteCount(received), byteCount(tree))
}

// TestModesArrive: as docker build, but for the two usual umasks.
func TestModesArrive(t *testing.T) {
	for _, test := range []struct{ is, want fs.FileMode }{
		{0o600, 0o600},
		{0o400, 0o400},
		{0o666, 0o666},
		{0o664, 0o644},
		{0o644, 0o644},
		{0o775, 0o755},
		{0o755, 0o755},
		{0o700, 0o700},
		{0o755 | fs.ModeSetuid, 0o755 | fs.ModeSetuid},
		{0o775 | fs.ModeSetgid, 0o755 | fs.ModeSetgid},
		{0o777 | fs.ModeSticky, 0o777 | fs.ModeSticky},
	} {
		dir, dest := folder(t, files{"dir/": "", "file": "1"}), t.TempDir()
		assert.NilError(t, os.Chmod(dir+"/file", test.is))
		if test.is&0o500 == 0o500 {
			assert.NilError(t, os.Chmod(dir+"/dir", test.is))
		}
		send(t, one(t, dir).FS(), dest)
		info, err := os.Stat(dest + "/file")
		assert.NilError(t, err)
		assert.Equal(t, info.Mode(), test.want, "%s", test.is)
		info, err = os.Stat(dest + "/dir")
		assert.NilError(t, err)
		if test.is&0o500 == 0o500 {
			assert.Equal(t, info.Mode(), test.want|fs.ModeDir, "%s", test.is)
		}
	}
}

// The engine keeps what it received the last time and asks for a file again only when its size, mode or time differ.
func TestTransferOntoAnEarlierOne(t *testing.T) {
	dest := t.TempDir()
	for _, content := range []files{
		{"file": "one", "run": "x:1", "link": "->a", "gone": "", "kind/x": "1"},
		{"file": "two", "run": "1", "link": "->b", "kind": "1"},
		{"file": "two", "run": "x:1", "link": "->b", "kind/": ""},
	} {
		tree := one(t, folder(t, content))
		send(t, tree.FS(), dest)
		assert.Equal(t, one(t, dest).Digest(), tree.Digest(), "%v", content)
	}
}

// An unchanged file is not sent again although the tree is a new one.
func TestTransferOfUnchangedFiles(t *testing.T) {
	dir, dest := folder(t, odd), t.TempDir()
	for i, name := range []string{"a", "a.b", "a-b/c", "edited"} {
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
		at := time.Date(2020, 1, 1, 0, 0, 10*i, 0, time.UTC)
		assert.NilError(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	send(t, one(t, dir).FS(), dest)
	again := &opens{FS: one(t, dir).FS()}
	send(t, again, dest)
	assert.Equal(t, len(again.names), 0, "%v", again.names)
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "edited"), []byte("again"), 0o644))
	again = &opens{FS: one(t, dir).FS()}
	send(t, again, dest)
	assert.DeepEqual(t, again.names, []string{"edited"})
}

func TestWalk(t *testing.T) {
	tree := one(t, folder(t, files{"a": "", "b/c/d": "", "b/e": "", "b.x": "", "f/": "", "g/h": "", "g/i": "", "g/j/k": ""}))
	all := []string{"a", "b", "b/c", "b/c/d", "b/e", "b.x", "f", "g", "g/h", "g/i", "g/j", "g/j/k"}
	for _, test := range []struct {
		target string
		skip   string
		with   error
		want   []string
	}{
		{"/", "", nil, all},
		{".", "", nil, all},
		{"", "", nil, all},
		{"b", "", nil, []string{"b", "b/c", "b/c/d", "b/e"}},
		{"/b/c", "", nil, []string{"b/c", "b/c/d"}},
		{"a", "", nil, []string{"a"}},
		{"/", "b", fs.SkipDir, []string{"a", "b", "b.x", "f", "g", "g/h", "g/i", "g/j", "g/j/k"}},
		{"/", "b/c/d", fs.SkipDir, all},
		{"/", "g/h", fs.SkipDir, all[:9]},
		{"/", "b.x", fs.SkipDir, all[:6]},
		{"/", "b/c", fs.SkipAll, all[:3]},
	} {
		var got []string
		err := tree.FS().Walk(context.Background(), test.target, func(name string, _ fs.DirEntry, _ error) error {
			got = append(got, name)
			if name == test.skip {
				return test.with
			}
			return nil
		})
		assert.NilError(t, err)
		assert.DeepEqual(t, got, test.want)
	}
	err := tree.FS().Walk(context.Background(), "nothing", nil)
	assert.Assert(t, errors.Is(err, fs.ErrNotExist))
}

// BuildKit asks first for the ignore file alone, then for all without what the file lists. The second must not take
// away anything that the digest covers.
func TestBuildKitFiltersInVain(t *testing.T) {
	dir := folder(t, files{
		".dockerignore": "*.log\nnode_modules\n!keep.log\ndocs/**\n!docs/a/keep\nDockerfile\n",
		"x.log":         "", "keep.log": "", "src/x.log": "", "node_modules/a": "", "docs/a/keep": "", "docs/b": "",
		"docs/c/": "", "Dockerfile": "", "src/main": "",
	})
	tree := one(t, dir)
	assert.DeepEqual(t, walked(t, tree.FS()), []string{
		".dockerignore", "docs", "docs/a", "docs/a/keep", "keep.log", "src", "src/main", "src/x.log",
	})

	first, err := fsutil.NewFilterFS(tree.FS(), &fsutil.FilterOpt{FollowPaths: []string{".dockerignore"}})
	assert.NilError(t, err)
	assert.DeepEqual(t, walked(t, first), []string{".dockerignore"})

	second, err := fsutil.NewFilterFS(tree.FS(), &fsutil.FilterOpt{
		ExcludePatterns: []string{"*.log", "node_modules", "!keep.log", "docs/**", "!docs/a/keep", "Dockerfile"},
	})
	assert.NilError(t, err)
	assert.DeepEqual(t, walked(t, second), walked(t, tree.FS()))
}

func TestTransferOfChangedFile(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(at string) error
		why    string
	}{
		{"content", func(at string) error { return os.WriteFile(at, []byte("CONTENT"), 0o644) }, "its content is different"},
		{"shorter", func(at string) error { return os.Truncate(at, 3) }, "its content is different"},
		{"empty", func(at string) error { return os.Truncate(at, 0) }, "its content is different"},
		{"longer", func(at string) error { return os.Truncate(at, 1<<20) }, "its content is different"},
		{"gone", os.Remove, "no such file or directory"},
		{"a folder", func(at string) error { os.Remove(at); return os.Mkdir(at, 0o755) }, "it is no longer a regular file"},
		{"a pipe", func(at string) error { os.Remove(at); return mkfifo(at) }, "it is no longer a regular file"},
		{"a link", func(at string) error { os.Remove(at); return os.Symlink("b", at) }, "it is no longer a regular file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, files{"a": "x", "b": "content", "c": "y"})
			result, err := Load(context.Background(), oneContext(dir), Options{})
			assert.NilError(t, err)
			tree := result.Trees["one"]
			assert.NilError(t, test.change(filepath.Join(dir, "b")))
			want := filepath.Join(dir, "b") + " has changed since it was hashed: " + test.why

			_, err = readFile(tree, "b")
			failsWith(t, err, want, ".dockerignore")

			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			ctx, stop := result.Watch(ctx)
			defer stop()
			assert.Assert(t, transferTo(ctx, tree.FS(), t.TempDir()) != nil)
			failsWith(t, context.Cause(ctx), want, ".dockerignore")
		})
	}
}

// A failure in the middle of a transfer has to reach those who wait for it.
func TestWatch(t *testing.T) {
	dir := folder(t, files{"a": "x"})
	result, err := Load(context.Background(), oneContext(dir), Options{})
	assert.NilError(t, err)
	quiet, stop := result.Watch(context.Background())
	stop()
	early, stop := result.Watch(context.Background())
	defer stop()
	assert.NilError(t, os.Remove(dir+"/a"))
	r, err := result.Trees["one"].FS().Open("a")
	assert.NilError(t, err) // the sender would take an error for an empty file
	assert.NilError(t, early.Err())
	_, err = r.Read(make([]byte, 1))
	assert.Assert(t, err != nil)
	assert.Equal(t, context.Cause(early), err)
	assert.Equal(t, context.Cause(quiet), context.Canceled)
	late, stop := result.Watch(context.Background())
	defer stop()
	assert.Equal(t, context.Cause(late), err)
}

func TestReadFile(t *testing.T) {
	tree := one(t, folder(t, files{"dir/a": "content", "link": "->dir/a"}))
	data, err := readFile(tree, "dir/a")
	assert.NilError(t, err)
	assert.Equal(t, string(data), "content")
	for _, name := range []string{"dir", "link", "nothing", "", "dir/a/b"} {
		_, err := readFile(tree, name)
		assert.Check(t, err != nil, name)
	}
}

func TestGenerated(t *testing.T) {
	tree, err := generated(map[string][]byte{"a/b/c": []byte("1"), "a/d": []byte("2"), "a.e": nil})
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, tree), []string{"d a", "d a/b", "f a/b/c", "f a/d", "f a.e"})
	assert.Equal(t, tree.Digest(), one(t, folder(t, files{"a/b/c": "1", "a/d": "2", "a.e": ""})).Digest())
	dest := t.TempDir()
	send(t, tree.FS(), dest)
	assert.Equal(t, one(t, dest).Digest(), tree.Digest())
	for _, names := range [][]string{{""}, {"."}, {"/a"}, {"../a"}, {"a/"}, {"a", "a/b"}, {"a", "a/b/c"}} {
		given := map[string][]byte{}
		for _, name := range names {
			given[name] = nil
		}
		_, err := generated(given)
		assert.Check(t, cmp.ErrorContains(err, "generated file"), "%q", names)
	}
}

// opens records what a transfer opens.
type opens struct {
	fsutil.FS
	mu    sync.Mutex
	names []string
}

func (o *opens) Open(name string) (io.ReadCloser, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.names = append(o.names, name)
	return o.FS.Open(name)
}

func TestOrder(t *testing.T) {
	names := walked(t, one(t, folder(t, odd)).FS())
	var v fsutil.Validator
	for _, name := range names {
		kind := fs.FileMode(0)
		if slices.ContainsFunc(names, func(n string) bool { return filepath.Dir(n) == name }) {
			kind = fs.ModeDir
		}
		info := &fsutil.StatInfo{Stat: &types.Stat{Path: name, Mode: uint32(kind)}}
		assert.NilError(t, v.HandleChange(fsutil.ChangeKindAdd, name, info, nil))
	}
}
