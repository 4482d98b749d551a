package contexts

import (
	"context"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

func TestSource(t *testing.T) {
	dir := folder(t, files{
		"tree/Bugzilla.pm": "", "tree/extensions/BMO/": "", "tree/t/deep/er/": "",
		"tree/vendor/half/Bugzilla.pm": "", "elsewhere/": "", "file": "",
	})
	assert.NilError(t, os.Symlink("tree", dir+"/link"))
	marker := []string{"Bugzilla.pm", "extensions/BMO"}
	for _, test := range []struct {
		name            string
		sourceTree, url string
		workDir         string
		marker          []string
		want            string
		problem, hint   string
	}{
		{name: "here", workDir: "tree", marker: marker, want: "tree"},
		{name: "above", workDir: "tree/t/deep/er", marker: marker, want: "tree"},
		{name: "not by one marker alone", workDir: "tree/vendor/half", marker: marker, want: "tree"},
		{name: "nearest", workDir: "tree/vendor/half", marker: marker[:1], want: "tree/vendor/half"},
		{name: "through a link", workDir: "link/t", marker: marker, want: "link"},
		{name: "here before the default", workDir: "tree", marker: marker, url: "DIR/elsewhere", want: "tree"},
		{name: "default", workDir: "elsewhere", marker: marker, url: "DIR/tree", want: "tree"},
		{name: "given, relative", sourceTree: "../tree", workDir: "elsewhere", marker: marker, want: "tree"},
		{name: "given, absolute", sourceTree: "DIR/tree/", workDir: "elsewhere", marker: marker, want: "tree"},
		{name: "given before here", sourceTree: "DIR/tree", workDir: "tree/vendor/half", marker: marker[:1], want: "tree"},
		{name: "given, any", sourceTree: "../elsewhere", workDir: "tree", want: "elsewhere"},

		{
			name: "none", workDir: "elsewhere", marker: marker,
			problem: "stack app needs a source tree and does not name one", hint: "--source",
		},
		{
			name: "no marker finds nothing", workDir: "tree",
			problem: "stack app needs a source tree and does not name one", hint: "--source",
		},
		{
			name: "half", sourceTree: "../tree/vendor/half", workDir: "elsewhere", marker: marker,
			problem: "DIR/tree/vendor/half is not a source tree of app", hint: "it has no extensions/BMO",
		},
		{
			name: "not there", sourceTree: "nothing", workDir: "tree", marker: marker,
			problem: "source: DIR/tree/nothing: no such file or directory",
		},
		{name: "a file", sourceTree: "file", workDir: ".", marker: marker, problem: "source: DIR/file is not a folder"},
		{
			name: "an image", sourceTree: "docker-image://x", workDir: ".", marker: marker,
			problem: "source: docker-image://x is an image, not a folder",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			expand := func(s string) string { return strings.ReplaceAll(s, "DIR", dir) }
			st := &stack.Stack{
				Name: "app", Dir: t.TempDir(), Source: stack.Source{URL: expand(test.url), Marker: test.marker},
				Contexts: named{"source": {From: "source"}, "deps": {From: "source", Include: []string{"cpanfile"}}},
			}
			result, err := Load(context.Background(), st, Options{Source: expand(test.sourceTree), WorkDir: dir + "/" + test.workDir})
			if test.problem != "" {
				failsWith(t, err, expand(test.problem), test.hint)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, result.Source, dir+"/"+test.want)
		})
	}
}

// A stack that takes nothing from a source tree does not ask for one.
func TestSourceNotNeeded(t *testing.T) {
	st := oneContext(folder(t, files{"a": ""}))
	st.Source = stack.Source{URL: "https://unreachable.invalid/x.git", Marker: []string{"x"}}
	result, err := Load(context.Background(), st, Options{})
	assert.NilError(t, err)
	assert.Equal(t, result.Source, "")
}
