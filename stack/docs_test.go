package stack

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/stacks.md")
	assert.NilError(t, err)
	return string(text)
}

// TestDocsExamples loads the examples of docs/stacks.md: the first one is a whole stack, the others are parts that are
// laid over it.
func TestDocsExamples(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(readDocs(t), -1)
	assert.Assert(t, len(blocks) > 1)
	for _, block := range blocks {
		whole := map[string]any{}
		assert.NilError(t, yaml.Unmarshal([]byte(blocks[0][1]), &whole))
		part := map[string]any{}
		assert.NilError(t, yaml.Unmarshal([]byte(block[1]), &part))
		overlay(whole, part)
		text, err := yaml.Marshal(whole)
		assert.NilError(t, err)
		file := filepath.Join(t.TempDir(), "compose.yaml")
		assert.NilError(t, os.WriteFile(file, text, 0o600))
		_, err = Load(t.Context(), []string{file}, Options{BuiltIn: os.DirFS("../dockerfiles")})
		assert.NilError(t, err, "%s", block[1])
	}
}

func overlay(onto, part map[string]any) {
	for key, value := range part {
		below, ok := value.(map[string]any)
		if under, both := onto[key].(map[string]any); ok && both {
			overlay(under, below)
			continue
		}
		onto[key] = value
	}
}

// TestDocsKeys looks for every key that a stack can have.
func TestDocsKeys(t *testing.T) {
	docs := readDocs(t)
	seen := map[string]bool{}
	for key := range extensionKeys() {
		seen[key] = true
		assert.Assert(t, mentioned(docs, key), "docs/stacks.md does not have x-bmo's %s", key)
	}
	assert.Assert(t, seen["bootstrap"] && seen["flavors"] && seen["database"])
}

// mentioned reports whether a key is in the text as code, alone or in a path.
func mentioned(docs, key string) bool {
	return regexp.MustCompile("[`.]" + regexp.QuoteMeta(key) + "[`.]").MatchString(docs)
}

// extensionKeys asks the decoder for its keys: it suggests them for one that is unlike any.
func extensionKeys() map[string]bool {
	odd := map[string]any{"zzzzzzzzzzzzzzzz": nil}
	with := func(key string, v any) map[string]any { return map[string]any{key: v} }
	p := &problems{}
	d := decoder{p}
	var s Stack
	for _, v := range []any{
		odd, with("source", odd), with("contexts", with("a", odd)), with("bootstrap", []any{odd}), with("url", odd),
	} {
		d.file(&s, v)
	}
	var svc Service
	for _, v := range []any{
		odd, with("flavors", with("a", odd)), with("ready", odd), with("ready", with("mysql", odd)),
		with("ready", with("http", odd)), with("ready", with("tcp", odd)),
	} {
		d.service(&svc, "", v)
	}
	found := map[string]bool{}
	for _, pr := range p.list {
		for _, key := range strings.Split(strings.TrimPrefix(pr.hint, "known keys: "), ", ") {
			found[key] = true
		}
	}
	return found
}

// TestExamples loads every stack under examples/, each folder that is no Go
// module. docs/examples.md has them all.
func TestExamples(t *testing.T) {
	dirs, err := os.ReadDir("../examples")
	assert.NilError(t, err)
	assert.Assert(t, len(dirs) > 0)
	docs, err := os.ReadFile("../docs/examples.md")
	assert.NilError(t, err)
	for _, dir := range dirs {
		if _, err := os.Stat("../examples/" + dir.Name() + "/go.mod"); err == nil {
			continue
		}
		files, err := FindFiles("../examples/" + dir.Name())
		assert.NilError(t, err)
		s, err := Load(context.Background(), files, Options{})
		assert.NilError(t, err)
		assert.Equal(t, s.Name, dir.Name())
		assert.Assert(t, strings.Contains(string(docs), "(../examples/"+s.Name+")"), "docs/examples.md does not have %s", s.Name)
	}
}

// TestBuiltIn loads the stacks that are embedded, from their folder.
func TestBuiltIn(t *testing.T) {
	files, err := fs.Glob(os.DirFS("../dockerfiles"), "*/compose.yaml")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0)
	for _, file := range files {
		s, err := LoadFS(context.Background(), os.DirFS("../dockerfiles"), file, Options{})
		assert.NilError(t, err)
		assert.Equal(t, s.Name+"/compose.yaml", file)
	}
}

// TestKeysDoc holds docs/compose.md to the table; -update writes it.
func TestKeysDoc(t *testing.T) {
	const file = "../docs/compose.md"
	if golden.FlagUpdate() {
		assert.NilError(t, os.WriteFile(file, []byte(keysDoc()), 0o644))
	}
	text, err := os.ReadFile(file)
	assert.NilError(t, err)
	assert.Equal(t, string(text), keysDoc())
}
