package main

import (
	"io"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/internal/clidoc"
)

// TestDocs fails when docs/cli.md is out of date; `make docs` regenerates it.
func TestDocs(t *testing.T) {
	text, err := clidoc.Markdown(newRootCommand(newDocker(t).cli(t, io.Discard, io.Discard)), clidoc.Table)
	assert.NilError(t, err)
	golden.Assert(t, string(text), "../../../docs/cli.md")
}
