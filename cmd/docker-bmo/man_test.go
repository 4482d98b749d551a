package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/internal/clidoc"
)

// TestManPages writes a page for each command to the folder BMO_MAN, for hack/dist, which also sets the date by
// SOURCE_DATE_EPOCH. It is a test so that the code that makes the pages is not part of the plugin.
func TestManPages(t *testing.T) {
	dir := os.Getenv("BMO_MAN")
	if dir == "" {
		dir = t.TempDir()
		t.Setenv("SOURCE_DATE_EPOCH", "1")
	}
	header := &doc.GenManHeader{Source: "docker bmo", Manual: "Docker User Manuals"}
	assert.NilError(t, doc.GenManTreeFromOpts(manRoot(t), doc.GenManTreeOptions{
		Header: header, Path: dir, CommandSeparator: "-",
	}))
	names := []string{""}
	for name := range clidoc.Table {
		names = append(names, "-"+strings.ReplaceAll(name, " ", "-"))
	}
	for _, name := range names {
		page, err := os.ReadFile(filepath.Join(dir, "docker-bmo"+name+".1"))
		assert.NilError(t, err)
		assert.Check(t, cmp.Contains(string(page), ".SH SYNOPSIS"), "docker-bmo%s.1", name)
	}
}

// manRoot returns the plugin's root command below docker's, as users call it.
func manRoot(t *testing.T) *cobra.Command {
	t.Helper()
	root := newRootCommand(newDocker(t).cli(t, io.Discard, io.Discard))
	root.DisableAutoGenTag = true
	docker := &cobra.Command{Use: "docker", DisableAutoGenTag: true}
	docker.AddCommand(root)
	return root
}
