package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// listed is a line of `snapshot ls --format json`.
type listed struct{ Key, Name, Parent, Stack string }

// snapshotNamed returns the snapshot of that name.
func snapshotNamed(t *testing.T, name string) (found listed) {
	t.Helper()
	for line := range strings.Lines(harness.BMO(t, "snapshot", "ls", "--no-trunc", "--format", "json").OK(t).Stdout) {
		var l listed
		assert.NilError(t, json.Unmarshal([]byte(line), &l))
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no snapshot %s", name)
	return listed{}
}

// TestStateIsAValue: what was written to an instance is in a snapshot of it and in instances of that, the instance goes on at
// its address, and the snapshot needs nothing of its parent.
func TestStateIsAValue(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	i := a.Run(t, "--publish", "db:3306")
	name := i.Name + "-seeded"
	t.Cleanup(func() { harness.BMO(t, "snapshot", "rm", name) })
	db := harness.BMO(t, "port", i.Name, "db", "3306").OK(t).Text()
	bug := i.Tracker().Create(t, "TestProduct", "TestComponent", "kept")

	committed := harness.BMO(t, "commit", i.Name, name).OK(t)
	assert.Assert(t, !strings.Contains(committed.Stderr, "note: "), committed.Stderr) // the stack is as it was
	assert.Equal(t, i.Tracker().Summary(t, bug), "kept")                              // at the same address
	assert.Equal(t, harness.BMO(t, "port", i.Name, "db", "3306").OK(t).Text(), db)
	l := snapshotNamed(t, name)
	assert.Assert(t, strings.HasPrefix(l.Key, committed.Text()) && strings.HasPrefix(l.Parent, key), "%+v", l)
	i.Tracker().Create(t, "TestProduct", "TestComponent", "later")

	child := harness.ParseInstance(t, harness.BMO(t, "run", "--quiet", "--detach", "--snapshot", name, "--format", "json"))
	assert.Equal(t, child.Tracker().Summary(t, bug), "kept")
	assert.Equal(t, child.Tracker().Bugs(t), 1) // the later one is not in it
	harness.BMO(t, "snapshot", "rm", name).Fails(t, 1, "is in use")
}

// TestDiffAndReset: what was written to files and tables is listed; then it is gone, and everything else is as before.
func TestDiffAndReset(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	i := a.Run(t, "--env", "DEMO_MARK=the user's")
	i.Tracker().Create(t, "TestProduct", "TestComponent", "thrown away")
	assert.Equal(t, i.Tracker().Bugs(t), 1)
	harness.BMO(t, "exec", "-T", "-u", "root", i.Name, "web", "sh", "-c", "echo x > /srv/added; rm /etc/debian_version").OK(t)
	diff := harness.BMO(t, "diff", "--format", "{{.Change}} {{.Service}} {{.Name}} {{.Rows}}/{{.RowsBefore}}", i.Name).OK(t)
	lines := harness.Lines(diff.Stdout)
	for _, want := range []string{"C db demo.bugs 1/0", "A web /srv/added /", "D web /etc/debian_version /"} {
		assert.Assert(t, slices.Contains(lines, want), "%s\n%s", want, diff.Stdout)
	}
	assert.Assert(t, !strings.Contains(diff.Stdout, "demo.users") && !strings.Contains(diff.Stdout, "/var/lib/mysql"), diff.Stdout)
	assert.Equal(t, harness.BMO(t, "reset", "--quiet", i.Name).OK(t).Text(), i.Name)
	assert.Equal(t, i.Tracker().Bugs(t), 0) // at the same address
	assert.Equal(t, harness.BMO(t, "exec", "-T", i.Name, "web", "printenv", "DEMO_MARK").OK(t).Text(), "the user's")
	logs := harness.BMO(t, "logs", i.Name).OK(t)
	assert.Assert(t, strings.Contains(logs.Stdout+logs.Stderr, "starting at "+i.URL), "%s%s", logs.Stdout, logs.Stderr)
}
