//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/errorsdoc"
	"github.com/docker-bmo/docker-bmo/e2e/harness"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// errorCase is an error of docs/errors.md, and how to cause it.
type errorCase struct {
	name    string
	provoke func(*attempt)
}

// errorChapter is a chapter of docs/errors.md whose errors need no engine but one that answers.
type errorChapter struct {
	title string
	cases []errorCase
}

var errorChapters = []errorChapter{
	{"The command line", commandLineErrors}, {"The stack", stackErrors}, {"The source tree", sourceErrors},
}

// TestErrorsDoc causes each of them on the fake engine, with the plugin itself, run as docker runs it. With -update it
// writes the chapters.
func TestErrorsDoc(t *testing.T) {
	host := enginetest.New(t).Host()
	doc := errorsdoc.Read(t, "../../docs/errors.md", errorsdoc.FakeEngine)
	var own []errorsdoc.Chapter
	for _, c := range errorChapters {
		chapter := errorsdoc.Chapter{Title: c.title}
		for _, e := range c.cases {
			chapter.Names = append(chapter.Names, e.name)
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				a := &attempt{T: t, host: host, dir: t.TempDir()}
				e.provoke(a)
				doc.Check(t, e.name, a.output, nil)
			})
		}
		own = append(own, chapter)
	}
	t.Cleanup(func() { doc.Close(t, own) })
}

// attempt is one run of an error case.
type attempt struct {
	*testing.T
	host   string // of the engine
	dir    string // holds all that is on disk
	wrap   func(*exec.Cmd)
	output errorsdoc.Output
}

// bmo runs the command that fails.
func (a *attempt) bmo(args ...string) {
	a.Helper()
	cmd := exec.Command("docker-bmo", append([]string{"bmo"}, args...)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "DOCKER_HOST="+a.host, "DOCKER_CONTEXT=", "DOCKER_CONFIG="+a.dir,
		"XDG_CACHE_HOME="+filepath.Join(a.dir, "cache"), "XDG_STATE_HOME="+filepath.Join(a.dir, "state"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if a.wrap != nil {
		a.wrap(cmd)
	}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) {
		assert.NilError(a, err)
	}
	a.output.Command = errorsdoc.Words(append([]string{"docker", "bmo"}, args...)...)
	a.output.Stdout, a.output.Stderr, a.output.Code = stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	a.mask(a.dir, "~")
}

// mask replaces what differs from run to run. Masks that were added first are applied first.
func (a *attempt) mask(pairs ...string) { a.output.Masks = append(a.output.Masks, pairs...) }

// folder creates a folder that is shown under a name.
func (a *attempt) folder(shown string) (dir string) {
	a.Helper()
	dir = a.TempDir()
	a.mask(dir, shown)
	return dir
}

// stack makes a stack of one service. The stack is called app, like the folder that it is in.
func (a *attempt) stack(changes harness.Edits) *harness.App {
	a.Helper()
	dir := a.TempDir()
	s := harness.CopyMini(a.T, dir, "app", changes)
	a.mask(s.Dir, "app", dir, "..")
	return s
}

// build builds a stack.
func (a *attempt) build(s *harness.App, more ...string) {
	a.Helper()
	a.bmo(append([]string{"build", "--stack", filepath.Join(s.Dir, "compose.yaml")}, more...)...)
}

// plain returns a case of a command without a stack of its own.
func plain(name string, args ...string) errorCase {
	return errorCase{name, func(a *attempt) { a.bmo(args...) }}
}

// edited returns a case of a build of a stack with changes.
func edited(name string, changes harness.Edits) errorCase {
	return errorCase{name, func(a *attempt) { a.build(a.stack(changes), "-q") }}
}

// rewritten returns a case of a build of a stack in whose Compose file one text is replaced by another.
func rewritten(name, old, replacement string) errorCase {
	return errorCase{name, func(a *attempt) {
		s := a.stack(nil)
		text := s.Read(a.T, "compose.yaml")
		changed := strings.Replace(text, old, replacement, 1)
		assert.Assert(a, changed != text, "no %q in:\n%s", old, text)
		s.Write(a.T, "compose.yaml", changed)
		a.build(s, "-q")
	}}
}
