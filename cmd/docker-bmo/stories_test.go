package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestStoriesHaveTests reads docs/stories.md: each of its rows names tests, and these exist.
func TestStoriesHaveTests(t *testing.T) {
	const top = "../.."
	text, err := os.ReadFile(filepath.Join(top, "docs", "stories.md"))
	assert.NilError(t, err)
	rows := regexp.MustCompile(`(?m)^\| (\d+) \|.*\| ([^|]+) \|$`).FindAllStringSubmatch(string(text), -1)
	assert.Equal(t, len(rows), 20)
	for i, row := range rows {
		assert.Equal(t, row[1], fmt.Sprint(i+1))
		names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1)
		assert.Assert(t, len(names) > 0, "no test in row %s", row[1])
		for _, n := range names {
			folder, function, _ := strings.Cut(n[1], ".")
			assert.Check(t, hasTest(t, path.Join(top, folder), function), "row %s: there is no test %s", row[1], n[1])
		}
	}
}

// hasTest reports whether a test function is in a folder's test files.
func hasTest(t *testing.T, folder, function string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	assert.NilError(t, err)
	for _, f := range files {
		source, err := os.ReadFile(f)
		assert.NilError(t, err)
		if strings.Contains(string(source), "\nfunc "+function+"(t *testing.T)") {
			return true
		}
	}
	return false
}
