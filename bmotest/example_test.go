package bmotest_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmotest"
)

// fileABug is the body of the test in docs/library.md.
func fileABug(t *testing.T) {
	t.Parallel()
	tracker := bmotest.Start(t, "demo")
	resp, err := http.Get(tracker.URL + "/rest/version")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

var _ = fileABug // compiled here; examples/gotest runs its like

// TestLibraryDocument: the code of docs/library.md is code that is compiled.
func TestLibraryDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/library.md")
	assert.NilError(t, err)
	var compiled string
	for _, file := range []string{"example_test.go", "../bmo/example_test.go"} {
		b, err := os.ReadFile(file)
		assert.NilError(t, err)
		compiled += string(b)
	}
	blocks := strings.Split(string(text), "```go\n")[1:]
	assert.Equal(t, len(blocks), 2)
	for _, block := range blocks {
		block, _, _ := strings.Cut(block, "```\n")
		block = strings.Replace(block, "func TestFileABug(", "func fileABug(", 1)
		assert.Check(t, strings.Contains(compiled, block), "not compiled:\n%s", block)
	}
}
