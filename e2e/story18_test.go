package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// Output sat in a pipe buffer, and the last lines were lost: those of a first run that is over in milliseconds are
// complete and in order, those without an end of line, too. Once is luck: hence several times.
func TestStory18OutputOfAShortStepIsComplete(t *testing.T) {
	t.Parallel()
	a := newMini(t, "burst", nil)
	var want strings.Builder
	for n := range 3000 {
		fmt.Fprintf(&want, "line %d\n", n+1)
	}
	want.WriteString("the end\n")
	for n := range 5 {
		r := a.do(t, "build", "--set", "MINI_FIRST_RUN=burst", "--set", fmt.Sprint("MINI_FAULT=none", n), "--progress", "rawjson").ok(t)
		assert.Equal(t, strings.TrimSuffix(log(t, parseProgress(t, r.stderr), "bootstrap 1/1"), "\n")+"\n", want.String())
	}
	kept, err := filepath.Glob(filepath.Join(suite.dir, "state", "docker-bmo", "journals", "*-"+a.name+"-*.log"))
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 5)
	for _, file := range kept {
		b, err := os.ReadFile(file)
		assert.NilError(t, err)
		assert.Equal(t, printed(string(b), "web")[:want.Len()], want.String(), file)
	}
}

// ... and so are those of one that fails, whose last ones are shown again.
func TestStory18OutputOfAFailedStepIsComplete(t *testing.T) {
	t.Parallel()
	a := newMini(t, "failing-burst", nil)
	r := a.do(t, "build", "--set", "MINI_FIRST_RUN=burst-fails").fails(t, 1, "exit code 9")
	_, again, _ := strings.Cut(r.stderr, "\n > bootstrap 1/1 web: ")
	assert.Assert(t, regexp.MustCompile(` line 29999\n[0-9.]+ line 30000\n[0-9.]+ the end\n------\n`).MatchString(again), "%s", again)
	out := printed(journal(t, r.stderr), "web")
	assert.Equal(t, strings.Count(out, "line "), 30000)
	assert.Equal(t, strings.Count(out, "the end\n"), 1)
}

// It is complete even when it comes late: the engine has said that the first run is over, and most of what that
// printed is still on its way.
func TestStory18OutputThatComesLateIsComplete(t *testing.T) {
	t.Parallel()
	a := newMini(t, "late-output", nil)
	a.cli = slowOutput(t).cli()
	a.do(t, "build", "--quiet", "--set", "MINI_FIRST_RUN=burst-fails").fails(t, 1, "\n  line 30000\n", "\n  the end\n")
}

// The two streams of a first run do not get into each other's lines.
func TestStory18StreamsAreKeptApart(t *testing.T) {
	t.Parallel()
	a := newMini(t, "mixed", nil)
	r := a.do(t, "build", "--progress", "rawjson", "--set", "MINI_FIRST_RUN=mixed").ok(t)
	assert.Equal(t, log(t, parseProgress(t, r.stderr), "bootstrap 1/1"), "in between\nthe first half, the second half\n")
}

// printed is what a journal has of one source.
func printed(journal, source string) string {
	var b strings.Builder
	for _, l := range lines(journal) {
		_, rest, _ := strings.Cut(l, " ")
		if text, ok := strings.CutPrefix(rest, source+" | "); ok {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

// A run in the foreground shows what its services print.
func TestStory18ForegroundFollowsTheLogs(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	p := a.start(t, "run")
	p.await(t, &p.stdout, `(?m)^http://127\.0\.0\.1:\d+$`)
	tracker{url: strings.TrimSpace(p.stdout.String())}.request(t, "GET", "/rest/whoami", nil, nil)
	p.await(t, &p.stderr, `(?m)^web \| .*GET /rest/whoami 401$`)
	p.await(t, &p.stderr, `(?m)^db \| .*ready for connections`)
	assert.NilError(t, p.signal(syscall.SIGINT))
	p.wait(t).fails(t, 130)
}

// A service that ends by itself ends the run: with its last lines, and nothing left.
func TestStory18ForegroundEndsWithItsServices(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "ends", nil)
	a.do(t, "run", "--set", "DEMO_EXIT_AFTER=2", "--set", "DEMO_FAULTS_FROM=2").
		fails(t, 125, "web | DEMO_EXIT_AFTER: exiting", "service web ended with exit code ")
	a.leavesNothing(t)
}
