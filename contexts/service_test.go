package contexts

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

func loadService(t testing.TB, dir string, svc stack.Service, opts Options) (*Result, error) {
	t.Helper()
	svc.Name = "web"
	st := &stack.Stack{Name: "test", Dir: dir, Services: []stack.Service{svc}, Contexts: named{"shared": {From: "empty"}, "base": {From: "empty"}}}
	return Load(context.Background(), st, opts)
}

func TestBuildContexts(t *testing.T) {
	dir := folder(t, files{
		"stack/Dockerfile": "FROM a", "stack/x.log": "", "stack/y.tmp": "", "stack/" + ignoreName: "*.log\nDockerfile\n",
		"stack/web.Dockerfile": "FROM b", "stack/web.Dockerfile" + ignoreName: "*.tmp\n",
		"other/file": "", "lower/dockerfile": "FROM c",
	})
	absolute := folder(t, files{"Containerfile": "FROM d"})
	for _, test := range []struct {
		name       string
		build      *stack.Build
		context    string
		dockerfile string
		content    string
	}{
		{
			"default", &stack.Build{}, "f .dockerignore, f web.Dockerfile, f web.Dockerfile.dockerignore, f y.tmp",
			"f Dockerfile", "FROM a",
		},
		{
			"an ignore file of its own", &stack.Build{Context: ".", Dockerfile: "web.Dockerfile"},
			"f .dockerignore, f Dockerfile, f web.Dockerfile, f web.Dockerfile.dockerignore, f x.log",
			"f web.Dockerfile, f web.Dockerfile.dockerignore", "FROM b",
		},
		{
			"from outside", &stack.Build{Context: "../other", Dockerfile: "../stack/web.Dockerfile"},
			"f file", "f web.Dockerfile, f web.Dockerfile.dockerignore", "FROM b",
		},
		{
			"absolute", &stack.Build{Context: dir + "/other", Dockerfile: absolute + "/Containerfile"},
			"f file", "f Containerfile", "FROM d",
		},
		{"lower case", &stack.Build{Context: "../lower"}, "f dockerfile", "f dockerfile", "FROM c"},
		{"inline", &stack.Build{Context: "../other", DockerfileInline: "FROM e"}, "f file", "f Dockerfile", "FROM e"},
		{"image only", nil, "", "f Dockerfile", "FROM mysql:9.7\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			svc := stack.Service{Build: test.build}
			if test.build == nil {
				svc.Image = "mysql:9.7"
			}
			result, err := loadService(t, dir+"/stack", svc, Options{})
			assert.NilError(t, err)
			assert.Equal(t, strings.Join(list(t, result.Trees["service/web"]), ", "), test.context)
			tree := result.Trees["dockerfile/web"]
			assert.Equal(t, strings.Join(list(t, tree), ", "), test.dockerfile)
			data, err := readFile(tree, result.Dockerfiles["web"])
			assert.NilError(t, err)
			assert.Equal(t, string(data), test.content)
		})
	}
}

func TestBuildContextsRefused(t *testing.T) {
	dir := folder(t, files{"Dockerfile": "", "x/Dockerfile/y": "", "file": ""})
	extra := func(value string) *stack.Build {
		return &stack.Build{AdditionalContexts: map[string]string{"extra": value}}
	}
	for _, test := range []struct {
		name       string
		build      *stack.Build
		text, hint string
	}{
		{"no folder", &stack.Build{Context: "nothing"}, "service web: build context: DIR/nothing: no such file or directory", "relative to its Compose file"},
		{"a file", &stack.Build{Context: "file"}, "service web: build context: DIR/file is not a folder", ""},
		{"an image", &stack.Build{Context: "docker-image://x"}, "service web: build context: docker-image://x is an image, not a folder", ""},
		{"no Dockerfile", &stack.Build{Dockerfile: "nothing"}, "service web: DIR has no nothing", "relative to build.context"},
		{"no default", &stack.Build{Context: "x/Dockerfile"}, "service web: DIR/x/Dockerfile has no Dockerfile", "relative to build.context"},
		{"a folder", &stack.Build{Context: "x"}, "service web: Dockerfile cannot be read: is a directory", ""},
		{"no service", extra("service:db"), "service web: additional context extra: there is no service db", "the stack has web"},
		{"itself", extra("service:web"), "service web: additional context extra: it is made from itself: web -> web", ""},
		{"nothing there", extra("nothing"), "service web: additional context extra: DIR/nothing: no such file or directory", "relative to its Compose file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadService(t, dir, stack.Service{Build: test.build}, Options{})
			failsWith(t, err, strings.ReplaceAll(test.text, "DIR", dir), test.hint)
		})
	}
}

func TestAdditionalContexts(t *testing.T) {
	dir := folder(t, files{"Dockerfile": "", "a/1": "", "mine/2": "", "b/3": ""})
	result, err := loadService(t, dir, stack.Service{Build: &stack.Build{AdditionalContexts: map[string]string{
		"shared": "a", "base": "docker-image://debian", "extra": "a", "other": "docker-image://x",
	}}}, Options{WorkDir: dir, Overrides: map[string]string{
		"extra": "mine", "other": "b", "image": "docker-image://y",
	}})
	assert.NilError(t, err)
	assert.DeepEqual(t, slices.Sorted(maps.Keys(result.Trees)), []string{
		"base", "dockerfile/web", "extra", "other", "service/web", "service/web/shared", "shared",
	})
	trees, remote := result.Named("web")
	got := map[string]string{}
	for name, tree := range trees {
		got[name] = strings.Join(list(t, tree), ", ")
	}
	assert.DeepEqual(t, got, map[string]string{"shared": "f 1", "extra": "f 2", "other": "f 3"})
	assert.DeepEqual(t, remote, map[string]string{"base": "docker-image://debian", "image": "docker-image://y"})
	trees, remote = result.Named("db")
	assert.DeepEqual(t, slices.Sorted(maps.Keys(trees)), []string{"base", "extra", "other", "shared"})
	assert.Equal(t, fileCount(trees["shared"]), 0)
	assert.DeepEqual(t, remote, map[string]string{"image": "docker-image://y"})
}

// U16: what a service of a built-in stack is built from, in a stack on disk.
func TestU16ContextOfABuiltInStack(t *testing.T) {
	st := &stack.Stack{
		Name: "test", Dir: t.TempDir(), Services: []stack.Service{{Name: "db", Build: &stack.Build{
			Context: "builtin:/mysql", Dockerfile: "Dockerfile", AdditionalContexts: map[string]string{"more": "builtin:/mysql/conf"},
		}}},
		BuiltIn: fstest.MapFS{
			"mysql/Dockerfile": {Data: []byte("FROM scratch\n")}, "mysql/start.sh": {Data: []byte("#!/bin/sh\n")},
			"mysql/conf/low.cnf": {Data: []byte("[mysqld]\n")}, "mariadb/Dockerfile": {},
		},
	}
	r, err := Load(t.Context(), st, Options{})
	assert.NilError(t, err)
	assert.Equal(t, strings.Join(list(t, r.Trees["service/db"]), ", "), "f Dockerfile, d conf, f conf/low.cnf, f start.sh")
	assert.Equal(t, strings.Join(list(t, r.Trees["service/db/more"]), ", "), "f low.cnf")
	st.Services[0].Build.Context = "builtin:/../etc"
	_, err = Load(t.Context(), st, Options{})
	assert.ErrorContains(t, err, "outside the built-in stacks")
}
