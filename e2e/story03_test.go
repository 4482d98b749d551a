package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// The schema did not come up, and nobody saw why.
func TestStory03FailingFirstRunSaysWhichStepAndWhy(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "failing", nil)
	fault := []string{"--set", "DEMO_BOOTSTRAP_FAIL=1"}

	// Quiet, so that nothing but the error itself can say so.
	r := a.do(t, "build", append(fault, "--quiet")...).fails(t, 1,
		"bootstrap step 1 of 1", "`perl demo.pl bootstrap` in service web", "exit code 3",
		"\n  table bugs\n", "\n  DEMO_BOOTSTRAP_FAIL: giving up after the schema\n", "\nhint: ")
	assert.Equal(t, r.stdout, "")
	a.leavesNothing(t)
	assert.Equal(t, len(a.keys(t)), 0)

	kept := journal(t, r.stderr)
	for _, line := range []string{"making the schema", "table bugs", "DEMO_BOOTSTRAP_FAIL: giving up after the schema"} {
		assert.Assert(t, strings.Contains(kept, " web | "+line+"\n"), "no %q in:\n%s", line, kept)
	}

	// What is not the test command's own failure has an exit code that no such command has.
	a.do(t, "run", append(fault, "--", "true")...).fails(t, 125, "exit code 3")
	a.leavesNothing(t)

	// Mended, it builds.
	a.build(t)
	assert.Equal(t, len(a.keys(t)), 1)
}

// journal reads the file that a failed command says its whole output is in.
func journal(t testing.TB, stderr string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^whole output: (.+)$`).FindStringSubmatch(stderr)
	assert.Assert(t, m != nil, "no journal is named in:\n%s", stderr)
	assert.Assert(t, strings.HasPrefix(m[1], filepath.Join(suite.dir, "state")+string(filepath.Separator)))
	b, err := os.ReadFile(m[1])
	assert.NilError(t, err)
	return string(b)
}
