package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Output sat in a pipe buffer, and the last lines were lost: those of a first run that is over in milliseconds are
// complete and in order, those without an end of line, too. Once is luck: hence twice.
func TestOutputOfAShortStepIsComplete(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "burst", nil)
	var want strings.Builder
	for n := range 3000 {
		fmt.Fprintf(&want, "line %d\n", n+1)
	}
	want.WriteString("the end\n")
	const times = 2
	for n := range times {
		r := a.Do(t, "build", "--set", "MINI_FIRST_RUN=burst", "--set", fmt.Sprint("MINI_FAULT=none", n), "--progress", "rawjson").OK(t)
		assert.Equal(t, strings.TrimSuffix(harness.Log(t, harness.ParseProgress(t, r.Stderr), "bootstrap 1/1"), "\n")+"\n", want.String())
	}
	for _, key := range a.Keys(t) {
		assert.Equal(t, harness.Recorded(t, key, "web")[:want.Len()], want.String(), key)
	}
	assert.Equal(t, len(a.Keys(t)), times)
}

// ... and so are those of one that fails, whose last ones are shown again.
func TestOutputOfAFailedStepIsComplete(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "failing-burst", nil)
	r := a.Do(t, "build", "--set", "MINI_FIRST_RUN=burst-fails").Fails(t, 1, "exit code 9")
	_, again, _ := strings.Cut(r.Stderr, "\n > bootstrap 1/1 web: ")
	assert.Assert(t, regexp.MustCompile(` line 29999\n[0-9.]+ line 30000\n[0-9.]+ the end\n------\n`).MatchString(again), "%s", again)
	out := harness.Recorded(t, harness.Named(t, r.Stderr), "web")
	assert.Equal(t, strings.Count(out, "line "), 30000)
	assert.Equal(t, strings.Count(out, "the end\n"), 1)
}

// It is complete even when it comes late: the engine has said that the first run is over, and most of what that
// printed is still on its way.
func TestOutputThatComesLateIsComplete(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "late-output", nil)
	a.CLI = slowOutput(t).CLI()
	a.Do(t, "build", "--quiet", "--set", "MINI_FIRST_RUN=burst-fails").Fails(t, 1, "\n  line 30000\n", "\n  the end\n")
}

// The two streams of a first run do not get into each other's lines.
func TestStreamsAreKeptApart(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "mixed", nil)
	r := a.Do(t, "build", "--progress", "rawjson", "--set", "MINI_FIRST_RUN=mixed").OK(t)
	assert.Equal(t, harness.Log(t, harness.ParseProgress(t, r.Stderr), "bootstrap 1/1"), "in between\nthe first half, the second half\n")
}

// A run in the foreground shows what its services print.
func TestForegroundFollowsTheLogs(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	p := a.Start(t, "run")
	p.Await(t, &p.Stdout, `(?m)^http://127\.0\.0\.1:\d+$`)
	harness.Tracker{URL: strings.TrimSpace(p.Stdout.String())}.Request(t, "GET", "/rest/whoami", nil, nil)
	p.Await(t, &p.Stderr, `(?m)^web \| .*GET /rest/whoami 401$`)
	p.Await(t, &p.Stderr, `(?m)^db \| .*ready for connections`)
	assert.NilError(t, p.Signal(syscall.SIGINT))
	p.Wait(t).Fails(t, 130)
}

// A service that ends by itself ends the run: with its last lines, and nothing left.
func TestForegroundEndsWithItsServices(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	name := a.Name + "-ends"
	a.Do(t, "run", "--name", name, "-e", "DEMO_EXIT_AFTER=2").
		Fails(t, 125, "web | DEMO_EXIT_AFTER: exiting", "service web ended with exit code ")
	harness.Removed(t, name)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.Runs(t)[0]
	all := harness.BMO(t, "logs", s.Name).OK(t)
	both := all.Stdout + all.Stderr
	assert.Assert(t, strings.Contains(both, "db  | ") && strings.Contains(both, "web | "), both)
	one := harness.BMO(t, "logs", "--no-log-prefix", "-t", "-n", "1", s.Name, "web").OK(t)
	line := harness.Lines(one.Stdout + one.Stderr)
	assert.Equal(t, len(line), 1)
	_, err := time.Parse(time.RFC3339Nano, strings.Fields(line[0])[0])
	assert.NilError(t, err, line[0])
}
