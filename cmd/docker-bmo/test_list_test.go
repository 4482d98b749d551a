package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestReplaced(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"prove", "prove|a b"},
		{"prove {}", "prove|a b"},
		{"sh {}.log {} {}{}", "sh|a b.log|a b|a ba b"},
		{"pytest --junitxml={junit}", "pytest|--junitxml=/out.xml|a b"},
		{"docker bmo exec {instance} web prove {}", "docker|bmo|exec|shop-1|web|prove|a b"},
		{"awk {print}", "awk|{print}|a b"},
	} {
		got := replaced(strings.Fields(c.words), "a b", "/out.xml", "shop-1")
		assert.Equal(t, strings.Join(got, "|"), c.want)
	}
	assert.DeepEqual(t, replaced([]string{"echo", "{}"}, "{junit}", "x", "y"), []string{"echo", "{junit}"}) // not replaced again
}

func TestFindFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"t/b.t", "t/a.t", "t/x/y/c.t", "t/x/c.txt", "t/.git/d.t", "t/[1]/e.t", "top.t"} {
		assert.NilError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		assert.NilError(t, os.WriteFile(name, nil, 0o600))
	}
	for _, c := range []struct{ patterns, want string }{
		{"t/*.t", "t/a.t t/b.t"},
		{"t/**/*.t", "t/[1]/e.t t/a.t t/b.t t/x/y/c.t"},
		{"**/*.t", "t/[1]/e.t t/a.t t/b.t t/x/y/c.t top.t"},
		{"t/**/y/**/*.t", "t/x/y/c.t"},
		{"*/**/c.t", "t/x/y/c.t"},
		{"t/b.t t/*.t top.t", "t/b.t t/a.t top.t"},
	} {
		got, err := findFiles(strings.Fields(c.patterns))
		assert.NilError(t, err)
		assert.Equal(t, filepath.ToSlash(strings.Join(got, " ")), c.want, c.patterns)
	}
	for pattern, want := range map[string]string{
		"none/**/*.t": `--files "none/**/*.t": no file matches`,
		"t/[":         `--files "t/[": syntax error in pattern`,
		"t/**/[":      `--files "t/**/[": syntax error in pattern`,
	} {
		_, err := findFiles([]string{"t/a.t", pattern})
		assert.Error(t, err, want)
	}
}

func TestBoundedOutput(t *testing.T) {
	o := &boundedOutput{}
	_, _ = o.Write([]byte("all of it"))
	assert.Equal(t, o.String(), "all of it")

	o = &boundedOutput{}
	line := strings.Repeat("x", 999) + "\n"
	_, _ = o.Write([]byte("the beginning\n"))
	for range 10_000 {
		_, _ = o.Write([]byte(line))
	}
	_, _ = o.Write([]byte("the end\n"))
	got := o.String()
	assert.Assert(t, len(got) < 4*outputHalf, "%d", len(got))
	assert.Assert(t, strings.HasPrefix(got, "the beginning\n") && strings.HasSuffix(got, "the end\n"))
	assert.Assert(t, strings.Contains(got, " bytes are left out]\n"))
}
