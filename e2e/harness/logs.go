package harness

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// output is all that a container has printed, both streams, each line with its time.
func output(t testing.TB, id string) string {
	t.Helper()
	out, err := exec.Command("docker", "logs", "--timestamps", id).CombinedOutput()
	assert.NilError(t, err, "%s", out)
	return string(out)
}

// Logged is when a container printed the first line that matches.
func Logged(t testing.TB, id, pattern string) time.Time {
	t.Helper()
	out := output(t, id)
	line := regexp.MustCompile(`(?m)^(\S+) .*` + pattern).FindStringSubmatch(out)
	assert.Assert(t, line != nil, "no %q in:\n%s", pattern, out)
	at, err := time.Parse(time.RFC3339Nano, line[1])
	assert.NilError(t, err)
	return at
}

// StartsClean fails the test when a database had to recover what its snapshot was left with.
func StartsClean(t testing.TB, db string) {
	t.Helper()
	log := output(t, db)
	assert.Assert(t, strings.Contains(log, "ready for connections"), "%s", log)
	for _, sign := range []string{"crash recovery", "after a crash", "not shutdown normally", "not shut down normally", "[ERROR]", "ERROR:"} {
		assert.Assert(t, !strings.Contains(log, sign), "%s", log)
	}
}

// Named is the record that a failed command names.
func Named(t testing.TB, stderr string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^whole record: docker bmo logs (\S+)$`).FindStringSubmatch(stderr)
	assert.Assert(t, m != nil, "no record is named in:\n%s", stderr)
	return m[1]
}

// Recorded is what a record has of a service's output.
func Recorded(t testing.TB, name, service string) string {
	t.Helper()
	r := BMO(t, "logs", "--no-log-prefix", name, service).OK(t)
	return r.Stdout + r.Stderr
}
