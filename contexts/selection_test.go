package contexts

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

var off = false

// load makes the contexts of a stack whose folder is dir.
func load(t testing.TB, dir string, contexts map[string]stack.Context, opts Options) (*Result, error) {
	t.Helper()
	st := &stack.Stack{Name: "test", Dir: dir, Contexts: contexts, Source: stack.Source{Marker: []string{"Marker"}}}
	return Load(context.Background(), st, opts)
}

func TestSelect(t *testing.T) {
	content := files{
		"Marker": "", "lib/A.pm": "", "lib/sub/B.pm": "", "t/a.t": "", "t/data/x.log": "", "x.log": "",
		"empty/": "", "node_modules/m/index.js": "", "we ird/*": "",
	}
	for _, test := range []struct {
		name             string
		ignore           string
		include, exclude []string
		off              bool
		want             []string
	}{
		{name: "a file", include: []string{"lib/sub/B.pm"}, want: []string{"d lib", "d lib/sub", "f lib/sub/B.pm"}},
		{name: "a folder", include: []string{"lib"}, want: []string{"d lib", "f lib/A.pm", "d lib/sub", "f lib/sub/B.pm"}},
		{name: "an empty folder", include: []string{"/empty/"}, want: []string{"d empty"}},
		{name: "a wildcard", include: []string{"*.log"}, want: []string{"f x.log"}},
		{name: "any depth", include: []string{"**/*.log"}, want: []string{"d t", "d t/data", "f t/data/x.log", "f x.log"}},
		{name: "nothing there", include: []string{"absent"}, want: nil},
		{name: "include with exception", include: []string{"lib", "!lib/sub"}, want: []string{"d lib", "f lib/A.pm"}},
		{
			name: "include, exclude", include: []string{"lib", "t"}, exclude: []string{"**/*.log", "lib/sub"},
			want: []string{"d lib", "f lib/A.pm", "d t", "f t/a.t", "d t/data"},
		},
		{
			name: "exclude with exception", include: []string{"lib"}, exclude: []string{"lib", "!lib/sub/B.pm"},
			want: []string{"d lib", "d lib/sub", "f lib/sub/B.pm"},
		},
		{name: "escaped", include: []string{`we ird/\*`}, want: []string{"d we ird", "f we ird/*"}},
		{name: "ignore file", ignore: "# comment\n\n*\n!lib\nlib/sub\n", want: []string{"d lib", "f lib/A.pm"}},
		{name: "ignore file, include", ignore: "t\n", include: []string{"t", "*.log"}, want: []string{"f x.log"}},
		{name: "no ignore file", ignore: "t\n", off: true, include: []string{"t/a.t", ignoreName}, want: []string{"d t", "f t/a.t"}},
		{name: "ignore file itself", ignore: "t\n", include: []string{ignoreName}, want: []string{"f " + ignoreName}},
		{name: "ignore file with BOM", ignore: "\ufefflib\r\n/t\r\n", include: []string{"lib", "t", "x.log"}, want: []string{"f x.log"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, content)
			if test.ignore != "" {
				files{ignoreName: test.ignore}.write(t, dir)
			}
			decl := stack.Context{From: "source", Include: test.include, Exclude: test.exclude}
			if test.off {
				decl.Ignore = &off
			}
			result, err := load(t, t.TempDir(), map[string]stack.Context{"c": decl}, Options{Source: dir})
			assert.NilError(t, err)
			assert.DeepEqual(t, list(t, result.Trees["c"]), test.want)
		})
	}
}

func TestSelectRefuses(t *testing.T) {
	for _, test := range []struct {
		name       string
		files      files
		text, hint string
	}{
		{"a name", files{"d/\xff": ""}, `context one: the name of "DIR/d/\xff" is not valid UTF-8, which BuildKit cannot transfer`, "rename"},
		{"a folder's name", files{"\xfe/": ""}, `context one: the name of "DIR/\xfe" is not valid UTF-8, which BuildKit cannot transfer`, "rename"},
		{"a target", files{"l": "->\xff"}, `context one: the target "\xff" of the link DIR/l is not valid UTF-8, which BuildKit cannot transfer`, ".dockerignore"},
		{"a pattern", files{ignoreName: "[a\n"}, "context one: .dockerignore: invalid excludepatterns: [[a]: syntax error in pattern", "syntax of a .dockerignore"},
		{"an ignore file", files{ignoreName + "/a": ""}, "context one: .dockerignore cannot be read: is a directory", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			test.files.write(t, ".")
			dir, err := os.Getwd()
			assert.NilError(t, err)
			_, err = tryOne(dir)
			failsWith(t, err, strings.ReplaceAll(test.text, "DIR", dir), test.hint)
		})
	}
}

// What is not selected may be of any kind.
func TestSelectLooksAtNothingElse(t *testing.T) {
	dir := folder(t, files{ignoreName: "odd\n", "odd/p": "pipe", "odd/\xff": "", "odd/\xfe/x": "", "a": "1"})
	assert.DeepEqual(t, list(t, one(t, dir)), []string{"f .dockerignore", "f a"})
}

func TestSelectUnreadable(t *testing.T) {
	sealed := sealedFS{fstest.MapFS{"bmo/a": {}, "bmo/secret/b": {}, "bmo/secret/Dockerfile": {}}}
	st := &stack.Stack{Name: "test", FS: sealed, Path: "bmo", Contexts: map[string]stack.Context{"c": {From: "."}}}
	_, err := Load(context.Background(), st, Options{})
	failsWith(t, err, "context c: bmo/secret of built-in stack test cannot be read: permission denied", ".dockerignore")
	st.Contexts["c"] = stack.Context{From: ".", Exclude: []string{"secret"}}
	result, err := Load(context.Background(), st, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, result.Trees["c"]), []string{"f a"})
}

// sealedFS has folders that may not be listed.
type sealedFS struct{ fs.FS }

func (s sealedFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "bmo/secret" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return fs.ReadDir(s.FS, name)
}

// A file that goes away while its folder is being looked at is as good as never there; it must not take its neighbors
// with it.
func TestSelectWhileFilesVanish(t *testing.T) {
	vanishing := vanishingFS{fstest.MapFS{"a": {}, "b": {}, "c/d": {}, "e": {}}}
	st := &stack.Stack{Name: "test", FS: vanishing, Path: ".", Contexts: map[string]stack.Context{"c": {From: ".", Include: []string{"**"}}}}
	result, err := Load(context.Background(), st, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, result.Trees["c"]), []string{"f a", "d c", "f c/d", "f e"})
}

type vanishingFS struct{ fstest.MapFS }

func (v vanishingFS) Lstat(name string) (fs.FileInfo, error) {
	if name == "b" {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	return v.MapFS.Lstat(name)
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside := folder(t, files{"secret": ""})
	dir := folder(t, files{"real/x": "", "out": "->" + outside, "in": "->real", "up": "->.."})
	assert.DeepEqual(t, list(t, one(t, dir)), []string{
		"l in -> real", "l out -> " + outside, "d real", "f real/x", "l up -> ..",
	})
}

// The folder itself may be reached through a link.
func TestLinkToFolder(t *testing.T) {
	dir := folder(t, files{"a": "1"})
	link := t.TempDir() + "/link"
	assert.NilError(t, os.Symlink(dir, link))
	assert.Equal(t, one(t, link).Digest(), one(t, dir).Digest())
}
