package harness

import (
	"os"
	"os/exec"
	"path/filepath"
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

// Journal reads the file that a failed command says its whole output is in.
func Journal(t testing.TB, stderr string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^whole output: (.+)$`).FindStringSubmatch(stderr)
	assert.Assert(t, m != nil, "no journal is named in:\n%s", stderr)
	assert.Assert(t, strings.HasPrefix(m[1], filepath.Join(Suite.Dir, "state")+string(filepath.Separator)))
	b, err := os.ReadFile(m[1])
	assert.NilError(t, err)
	return string(b)
}

// Printed is what a journal has of one source.
func Printed(journal, source string) string {
	var b strings.Builder
	for _, l := range Lines(journal) {
		_, rest, _ := strings.Cut(l, " ")
		if text, ok := strings.CutPrefix(rest, source+" | "); ok {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}
