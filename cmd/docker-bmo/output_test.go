package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"
)

// full is an output whose disk is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestFullOutput: what cannot be written is an error, as for docker logs, and nothing is followed any further.
func TestFullOutput(t *testing.T) {
	for _, args := range [][]string{
		{"logs", "one"},
		{"logs", "-f", "one"},
		{"logs", "--format", "json", "one"},
		{"events", "one"},
		{"events", "-f", "one"},
		{"events", "--format", "json", "one"},
		{"events", "--format", "{{.Type}}", "one"},
	} {
		x := oneInstance(t)
		top := underDocker(newRootCommand(x.cli(t, full{}, io.Discard)))
		top.SetArgs(append([]string{"bmo"}, args...))
		assert.ErrorIs(t, top.ExecuteContext(t.Context()), syscall.ENOSPC, "%v", args)
	}
}

// TestFullOutputOfRun: a name that cannot be written is not as good as one that is.
func TestFullOutputOfRun(t *testing.T) {
	for _, args := range [][]string{{}, {"--format", "{{.URL}}"}} {
		x := newTerminal(t)
		x.current()
		top := underDocker(newRootCommand(x.cli(t, full{}, io.Discard)))
		top.SetArgs(append([]string{"bmo", "run", "-d", "--stack", x.file}, args...))
		assert.ErrorIs(t, top.ExecuteContext(t.Context()), syscall.ENOSPC, "%v", args)
	}
}

// TestTemplateOfWhatThereIs: a template is tried with nothing in it, which has nothing to slice; what is wrong with it for
// what is printed is an error then.
func TestTemplateOfWhatThereIs(t *testing.T) {
	x := oneInstance(t)
	assert.Equal(t, x.run("events", "--filter", "type=container", "--format", "{{slice .Actor 0 4}}", "one"), 0, x.err)
	assert.Assert(t, x.out != "")
	assert.Equal(t, x.run("events", "-f", "--format", "{{slice .Actor 0 400}}", "one"), 1)
	assert.Assert(t, is.Contains(x.err, "error: --format: template: "))
	_, err := parseInstanceFormat("{{.Name}} {{slice .Key 0 12}}")
	assert.NilError(t, err)
}

// TestReportOfNothing: the page that is there stays when there is nothing to write.
func TestReportOfNothing(t *testing.T) {
	x := newTerminal(t)
	page := filepath.Join(t.TempDir(), "page.html")
	assert.NilError(t, os.WriteFile(page, []byte("good"), 0o600))
	assert.Equal(t, x.run("report", "-o", page, "nothing"), 1)
	b, err := os.ReadFile(page)
	assert.NilError(t, err)
	assert.Equal(t, string(b), "good")
}

// TestReportThatCannotBeWritten is said before anything is started.
func TestReportThatCannotBeWritten(t *testing.T) {
	x := newTerminal(t)
	for _, file := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "page.html")} {
		assert.Equal(t, x.run("run", "--report", file, "--", "true"), exitEngine)
		assert.Assert(t, is.Contains(x.err, "error: --report "+file+": "))
	}
}
