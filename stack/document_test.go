package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
)

func TestDocumentGolden(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	for name, render := range map[string]func() ([]byte, error){"document.yaml.golden": s.YAML, "document.json.golden": s.JSON} {
		text, err := render()
		assert.NilError(t, err)
		golden.Assert(t, string(text), name)
	}
}

// TestDocumentLoadsAgain loads what YAML and JSON return, and compares the stacks.
func TestDocumentLoadsAgain(t *testing.T) {
	stacks := map[string]*Stack{}
	for _, name := range []string{"demo", "bmo"} {
		s, err := LoadFS(context.Background(), dockerfiles.FS, name+"/compose.yaml", Options{})
		assert.NilError(t, err)
		stacks[name] = s
	}
	for name, text := range map[string]string{
		"everything": notes,
		"dollars": `
name: dollars
services:
  web:
    build: {context: ., dockerfile_inline: "FROM x\nRUN echo $$HOME"}
    environment: {PRICE: "5$$", NESTED: "$${NOT_SET}", EMPTY: ""}
    x-bmo: {ready: {http: {port: 80, body: "^a$$"}}}
x-bmo:
  url: {service: web, port: 80}
`,
	} {
		s, err := loadText(t, text, Options{})
		assert.NilError(t, err)
		stacks[name] = s
	}
	for name, s := range stacks {
		for _, render := range []func() ([]byte, error){s.YAML, s.JSON} {
			text, err := render()
			assert.NilError(t, err)
			again, err := LoadFS(context.Background(), fstest.MapFS{s.Path + "/compose.yaml": {Data: text}}, s.Path+"/compose.yaml", Options{})
			assert.NilError(t, err, "%s:\n%s", name, text)
			s.FS, again.FS = nil, nil
			assert.DeepEqual(t, again, s)
		}
	}
}

// TestDocumentOfStackOnDisk loads it again from another folder.
func TestDocumentOfStackOnDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "compose.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(notes), 0o600))
	s, err := Load(context.Background(), []string{file}, Options{})
	assert.NilError(t, err)
	text, err := s.YAML()
	assert.NilError(t, err)

	other := filepath.Join(t.TempDir(), "compose.yaml")
	assert.NilError(t, os.WriteFile(other, text, 0o600))
	again, err := Load(context.Background(), []string{other}, Options{})
	assert.NilError(t, err)
	web, _ := again.Service("web")
	assert.Equal(t, web.Build.Context, filepath.ToSlash(dir))
	assert.Equal(t, web.Build.AdditionalContexts["assets"], filepath.ToSlash(filepath.Join(dir, "assets")))
	assert.Equal(t, again.Contexts["assets"].From, filepath.ToSlash(filepath.Join(dir, "assets")))
	one, err := s.Canonical()
	assert.NilError(t, err)
	two, err := again.Canonical()
	assert.NilError(t, err)
	assert.Equal(t, string(two), string(one), "the same files make the same snapshot")
}
