package contexts

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

type named = map[string]stack.Context

func TestNamedContexts(t *testing.T) {
	dir := folder(t, files{"stack/compose.yaml": "", "stack/conf/a": "", "shared/b": "", "stack/shared": "not this"})
	src := folder(t, files{"Marker": "", "lib/A": "", "lib/B": "", "t/a": "", ignoreName: "t\n"})
	absolute := folder(t, files{"c": ""})
	result, err := load(t, dir+"/stack", named{
		"source":  {From: "source", Exclude: []string{"lib/B"}},
		"all":     {From: "source", Ignore: &off},
		"lib":     {From: "source", Include: []string{"lib"}},
		"a":       {From: "lib", Exclude: []string{"lib/B"}},
		"a2":      {From: "a"},
		"none":    {From: "empty"},
		"here":    {From: "."},
		"conf":    {From: "./conf"},
		"shared":  {From: "../shared"},
		"outside": {From: absolute},
	}, Options{Source: src})
	assert.NilError(t, err)
	assert.Equal(t, result.Source, src)
	for name, want := range map[string]string{
		"source": "f .dockerignore, f Marker, d lib, f lib/A",
		"all":    "f Marker, d lib, f lib/A, f lib/B, d t, f t/a",
		"lib":    "d lib, f lib/A, f lib/B",
		"a":      "d lib, f lib/A",
		"a2":     "d lib, f lib/A",
		"none":   "",
		"here":   "f compose.yaml, d conf, f conf/a, f shared",
		"conf":   "f a", "shared": "f b", "outside": "f c",
	} {
		assert.Equal(t, strings.Join(list(t, result.Trees[name]), ", "), want, name)
	}
	assert.Equal(t, result.Trees["none"].Digest(), newTree(nil).Digest())
	assert.Equal(t, len(result.Trees), 10)
}

func TestNamedContextsRefused(t *testing.T) {
	dir := folder(t, files{"stack/file": "", "src/Marker": ""})
	for _, test := range []struct {
		name       string
		contexts   named
		opts       Options
		text, hint string
	}{
		{
			"a cycle",
			named{"a": {From: "b"}, "b": {From: "c"}, "c": {From: "a"}},
			Options{},
			"context a: it is made from itself: a -> b -> c -> a", "",
		},
		{"itself", named{"a": {From: "a"}}, Options{}, "context a: DIR/stack/a: no such file or directory", "relative to its Compose file"},
		{"nothing", named{"a": {From: "nothing"}}, Options{}, "context a: DIR/stack/nothing: no such file or directory", "relative to its Compose file"},
		{"a file", named{"a": {From: "file"}}, Options{}, "context a: DIR/stack/file is not a folder", ""},
		{"an image", named{"a": {From: "docker-image://debian"}}, Options{}, "context a: docker-image://debian is an image, not a folder", ""},
		{
			"an address",
			named{"a": {From: "https://host/x.tar.gz"}},
			Options{},
			"context a: https://host/x.tar.gz is not the URL of a Git repository", ".git",
		},
		{
			"ignore in a chain",
			named{"a": {From: "empty"}, "b": {From: "a", Ignore: &off}},
			Options{},
			"context b: ignore has no effect here", "set it on a",
		},
		{
			"a name of ours",
			named{"service/web": {From: "empty"}},
			Options{},
			`"service/web" cannot be the name of a build context`, "lower-case",
		},
		{
			"a name of BuildKit's",
			named{"context": {From: "empty"}},
			Options{},
			`"context" cannot be the name of a build context`, "context or dockerfile",
		},
		{"a name", named{"Web": {From: "empty"}}, Options{}, `"Web" cannot be the name of a build context`, "lower-case"},
		{"a long name", named{"docker.io/library/web": {From: "empty"}}, Options{}, "context docker.io/library/web must be named web", ""},
		{
			"a pattern",
			named{"a": {From: ".", Include: []string{"[a"}}},
			Options{},
			"context a: invalid includepatterns: [[a]: syntax error in pattern", "syntax of a .dockerignore",
		},
		{
			"no need of a source",
			named{"a": {From: "."}},
			Options{Source: "src"},
			"stack test does not use a source tree", "leave --source out",
		},
		{
			"override, an image in a chain",
			named{"a": {From: "empty"}, "b": {From: "a"}},
			Options{Overrides: map[string]string{"a": "docker-image://x"}},
			"context b: it is made from a, which cannot be an image (docker-image://x)", "give a build context for b as well",
		},
		{
			"override, nothing", nil,
			Options{Overrides: map[string]string{"a": "nothing"}},
			"context a: DIR/nothing: no such file or directory", "",
		},
		{"override, no path", nil, Options{Overrides: map[string]string{"a": ""}}, "build context a: the path is empty", ""},
		{"override, no image", nil, Options{Overrides: map[string]string{"a": "docker-image://UP"}}, `build context a: "UP" is not the name of an image`, ""},
		{
			"override, a name", nil,
			Options{Overrides: map[string]string{"service/a": "."}},
			`"service/a" cannot be the name of a build context`, "lower-case",
		},
		{"override, twice", nil, Options{Overrides: map[string]string{"a": ".", "a:latest": "."}}, "build context a is given twice", ""},
		{
			"override, a repository without a scheme", nil,
			Options{Overrides: map[string]string{"a": "github.com/x/y"}},
			"context a: https://github.com/x/y: a Git URL needs a cache folder to be fetched into", "",
		},
		{
			"override, no cache", nil,
			Options{Overrides: map[string]string{"a": "https://u:secret@host/x.git"}},
			"context a: https://xxxxx:xxxxx@host/x.git: a Git URL needs a cache folder to be fetched into", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.opts.WorkDir = dir
			_, err := load(t, dir+"/stack", test.contexts, test.opts)
			failsWith(t, err, strings.ReplaceAll(test.text, "DIR", dir), test.hint)
		})
	}
}

func TestOverrides(t *testing.T) {
	dir := folder(t, files{"here/a": "1", "mine/b": "2", "mine/c": "3", "mine/" + ignoreName: "c\n", "github.com/x/d": "4"})
	result, err := load(t, dir+"/here", named{
		"a":     {From: ".", Include: []string{"nothing"}},
		"chain": {From: "a", Include: []string{"b"}},
		"extra": {From: "cpan"},
		"image": {From: "empty"},
	}, Options{WorkDir: dir, Overrides: map[string]string{
		"a":                                      "mine", // whole, whatever the stack narrows
		"cpan":                                   filepath.Join(dir, "mine"),
		"gh":                                     "./github.com/x",
		"image":                                  "docker-image://alpine",
		"docker.io/library/debian:trixie-slim":   "docker-image://127.0.0.1:5000/x:y",
		"other/image:latest":                     "oci-layout://dir@sha256:0123",
		"registry.example:5000/some/base:latest": "./mine",
	}})
	assert.NilError(t, err)
	for name, want := range map[string]string{
		"a": "f .dockerignore, f b", "chain": "f b", "cpan": "f .dockerignore, f b", "extra": "f .dockerignore, f b",
		"gh": "f d", "registry.example:5000/some/base": "f .dockerignore, f b",
	} {
		assert.Equal(t, strings.Join(list(t, result.Trees[name]), ", "), want, name)
	}
	assert.Equal(t, len(result.Trees), 6)
	assert.DeepEqual(t, result.Remote, map[string]string{
		"image": "docker-image://alpine", "debian:trixie-slim": "docker-image://127.0.0.1:5000/x:y",
		"other/image": "oci-layout://dir@sha256:0123",
	})
}

// A stack from memory gives the same trees as the same files on disk.
func TestBuiltInStack(t *testing.T) {
	content := files{"app/compose.yaml": "", "app/web.Dockerfile": "FROM x", "app/conf/a": "1", "mysql/Dockerfile": "FROM y", "mysql/my.cnf": ""}
	memory := fstest.MapFS{}
	for name, data := range content {
		memory[name] = &fstest.MapFile{Data: []byte(data), Mode: 0o444}
	}
	st := stack.Stack{
		Name:     "app",
		Contexts: named{"conf": {From: "conf"}, "shared": {From: "../mysql"}},
		Services: []stack.Service{
			{Name: "db", Build: &stack.Build{Context: "../mysql"}},
			{Name: "web", Build: &stack.Build{Context: ".", Dockerfile: "web.Dockerfile"}},
			{Name: "odd", Build: &stack.Build{Context: "conf", Dockerfile: "../../mysql/Dockerfile"}},
		},
	}
	builtIn, onDisk := st, st
	builtIn.FS, builtIn.Path = memory, "app"
	onDisk.Dir = filepath.Join(folder(t, content), "app")
	a, err := Load(context.Background(), &builtIn, Options{})
	assert.NilError(t, err)
	b, err := Load(context.Background(), &onDisk, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, slices.Sorted(maps.Keys(a.Trees)), []string{
		"conf", "dockerfile/db", "dockerfile/odd", "dockerfile/web", "service/db", "service/odd", "service/web", "shared",
	})
	for name := range a.Trees {
		assert.DeepEqual(t, list(t, a.Trees[name]), list(t, b.Trees[name]))
		assert.Equal(t, a.Trees[name].Digest(), b.Trees[name].Digest(), name)
		assert.Assert(t, fileCount(a.Trees[name]) > 0, name)
	}
	for _, from := range []string{"../../x", "/etc"} {
		builtIn.Contexts = named{"c": {From: from}}
		_, err := Load(context.Background(), &builtIn, Options{})
		failsWith(t, err, `context c: "`+from+`" is outside built-in stack app`, "")
	}
}

func TestProgress(t *testing.T) {
	dir := folder(t, files{"a": "1234", "b": "5678", "l": "->a", "dir/": ""})
	var got []string
	opts := Options{Progress: func(name, detail string) { got = append(got, name+": "+detail) }}
	_, err := Load(context.Background(), oneContext(dir), opts)
	assert.NilError(t, err)
	assert.DeepEqual(t, got, []string{"hash " + dir + ": ", "hash " + dir + ": 3 files, 2 of them read (8B)"})
}

// TestCounting: how far a part has come, in bytes, file by file.
func TestCounting(t *testing.T) {
	dir := folder(t, files{"a": "1234", "b": "5678"})
	var got []string
	opts := Options{Counting: func(name string, done, total int64) { got = append(got, fmt.Sprint(name, " ", done, " of ", total)) }}
	_, err := Load(context.Background(), oneContext(dir), opts)
	assert.NilError(t, err)
	assert.DeepEqual(t, got, []string{"hash " + dir + " 4 of 8", "hash " + dir + " 8 of 8"})
}

func TestCancel(t *testing.T) {
	dir := folder(t, files{"a": "1", "b/c": "2"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Load(ctx, oneContext(dir), Options{})
	assert.ErrorIs(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(context.Background())
	_, err = Load(ctx, oneContext(dir), Options{Progress: func(string, string) { cancel() }})
	assert.ErrorIs(t, err, context.Canceled)
}

// A file that is being written while it is hashed has no digest.
func TestChangeDuringHash(t *testing.T) {
	dir := folder(t, files{"a": "1"})
	_, err := Load(context.Background(), oneContext(dir), Options{Progress: func(string, string) {
		assert.NilError(t, os.WriteFile(dir+"/a", []byte("22"), 0o644))
	}})
	failsWith(t, err, dir+"/a cannot be read: it changed while it was read", ".dockerignore")
}
