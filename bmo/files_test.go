package bmo

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

func filesOf(list ...contexts.File) map[string]contexts.File {
	m := map[string]contexts.File{}
	for _, f := range list {
		m[f.Path] = f
	}
	return m
}

func TestFilesLabel(t *testing.T) {
	want := listing{
		"source": filesOf(contexts.File{Path: "a b", Type: "f644", Sum: 7}, contexts.File{Path: "dir", Type: "d755"},
			contexts.File{Path: "dir/\"x\"\nü", Type: "l0", Sum: 1 << 31}),
		"empty":       {},
		"service/web": filesOf(contexts.File{Path: "Dockerfile", Type: "f600", Sum: 0x0a0a0a0a}),
	}
	got, depth, err := decodeFiles(encodeFiles(want))
	assert.NilError(t, err)
	assert.Equal(t, depth, 0)
	assert.DeepEqual(t, got, want)
	for _, bad := range []string{"", "x", "0", "0.", "0.!", "-1.AAAA", "0.AAAA", encodeFiles(want)[:40]} {
		_, _, err := decodeFiles(bad)
		assert.ErrorIs(t, err, errNoFiles, "%q", bad)
	}
}

// TestFilesLabelIsBounded: of many files, the folders that they are in are known.
func TestFilesLabelIsBounded(t *testing.T) {
	many := func(changed int) listing {
		files := map[string]contexts.File{}
		for i := range 30_000 {
			f := contexts.File{Path: fmt.Sprintf("lib/%02d/%d.pm", i%50, i), Type: "f644", Sum: uint32(i) * 2654435761}
			if i == changed {
				f.Sum++
			}
			files[f.Path] = f
		}
		files["top"] = contexts.File{Path: "top", Type: "f644"}
		return listing{"source": files}
	}
	text := encodeFiles(many(-1))
	assert.Assert(t, len(text) <= maxFiles, len(text))
	had, depth, err := decodeFiles(text)
	assert.NilError(t, err)
	assert.Equal(t, depth, 2)
	assert.Equal(t, changes(many(120).folded(depth)["source"], had["source"]), "changed lib/20/")
	assert.Equal(t, changes(many(-1).folded(depth)["source"], had["source"]), "")

	noise := listing{"source": {}}
	for range 20_000 {
		f := contexts.File{Path: rand.Text(), Type: "f644"}
		noise["source"][f.Path] = f
	}
	assert.Equal(t, encodeFiles(noise), "")
}

// TestExplainNamesFiles: what has changed in a context, down to the files.
func TestExplainNamesFiles(t *testing.T) {
	now := filesOf(contexts.File{Path: "a", Type: "f644", Sum: 1}, contexts.File{Path: "b", Type: "f755", Sum: 2}, contexts.File{Path: "new", Type: "d755"})
	had := filesOf(contexts.File{Path: "a", Type: "f644", Sum: 9}, contexts.File{Path: "b", Type: "f644", Sum: 2}, contexts.File{Path: "old", Type: "l0"})
	assert.Equal(t, changes(now, had), "added new; removed old; changed a, b")
	for i := range 25 {
		name := fmt.Sprintf("x%02d", i)
		now[name] = contexts.File{Path: name, Type: "f644"}
	}
	assert.Assert(t, strings.HasPrefix(changes(now, had), "added new, x00, x01, x02, x03, x04, x05, x06, x07, x08, and 16 more; removed old"))
}

// TestOnceIsFoundOnWhateverImage: one image of a snapshot has the long labels.
func TestOnceIsFoundOnWhateverImage(t *testing.T) {
	s := snapshot.Snapshot{Images: map[string]engine.Image{"db": {Labels: map[string]string{label.Files: "1."}}, "web": {}}}
	assert.Equal(t, s.Once(label.Files), "1.")
	assert.Equal(t, s.Once(label.Start), "")
}
