package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// inDatabase is a step in the running database.
func inDatabase(sql string, checkpoint bool) any {
	return map[string]any{
		"service": "db", "exec": true, "checkpoint": checkpoint,
		"command": []string{"mysql", "-udemo", "-pdemo", "demo", "-e", sql},
	}
}

// The data were loaded again for every change in the last step of the first run, and for each try of one that failed.
func TestChangeOfTheLastStepRunsThatAlone(t *testing.T) {
	t.Parallel()
	steps := []any{
		map[string]any{
			"service": "web", "command": []string{"perl", "demo.pl", "bootstrap"}, "environment": map[string]string{
				"DEMO_admin_login": "admin@demo.test", "DEMO_admin_password": "p", "DEMO_admin_api_key": "k",
			},
		},
		inDatabase("UPDATE users SET password = ''; CREATE TABLE loaded (id INT PRIMARY KEY, text VARCHAR(99)); INSERT loaded VALUES (1, 'one')", true),
		inDatabase("INSERT no_such_table VALUES (1)", false),
	}
	a := harness.NewDemo(t, "checkpoints", harness.Edits{"x-bmo.bootstrap": steps})
	a.Do(t, "build").Fails(t, 1, "bootstrap step 3 of 3")
	a.LeavesNothing(t)
	assert.Equal(t, len(a.Keys(t)), 0)
	checkpoint := harness.BMO(t, "snapshot", "ls", "--all", "--quiet", "--filter", "stack="+a.Name).OK(t).Text()
	assert.Equal(t, len(checkpoint), 12, checkpoint)

	steps[2] = inDatabase("INSERT loaded VALUES (2, 'two')", false)
	a.Edit(t, harness.Edits{"x-bmo.bootstrap": steps})
	assert.Assert(t, strings.Contains(a.Do(t, "build", "--dry-run").OK(t).Stdout, "goes on from checkpoint "+checkpoint+", after step 2\n"))
	r := a.Do(t, "build", "--progress", "plain").OK(t)
	assert.Assert(t, strings.Contains(r.Stderr, ", from checkpoint "+checkpoint+" after step 2\n"), r.Stderr)
	assert.Assert(t, !strings.Contains(r.Stderr, "bootstrap 2/3") && strings.Contains(r.Stderr, "bootstrap 3/3"), r.Stderr)
	parts := dump(t, a)

	harness.BMO(t, "snapshot", "rm", r.Text(), checkpoint).OK(t)
	r = a.Do(t, "build", "--progress", "plain").OK(t)
	assert.Assert(t, strings.Contains(r.Stderr, "bootstrap 1/3"), r.Stderr)
	assert.Equal(t, dump(t, a), parts)
	whole := r.Text()
	assert.Assert(t, strings.Contains(parts, "'one'") && strings.Contains(parts, "'two'") && strings.Contains(parts, "TestComponent"), parts)

	// Nobody waits for the data to be loaded again because of a style sheet, if it is asked for.
	a.Write(t, "app/public/demo.css", "body { color: red }\n")
	r = a.Do(t, "build", "--from-nearest", "--progress", "plain").OK(t)
	assert.Assert(t, strings.Contains(r.Stderr, " is not bootstrapped as a whole: it goes on from "+whole+", whose inputs differ: context app"), r.Stderr)
	assert.Assert(t, !strings.Contains(r.Stderr, "bootstrap 1/3") && !strings.Contains(r.Stderr, "bootstrap 3/3"), r.Stderr)
	assert.Equal(t, a.Build(t, "--from-nearest"), r.Text())
	a.Flags = append(a.Flags, "--from-nearest")
	assert.Equal(t, dump(t, a), parts)
}

// dump returns what the database of a new instance has, without the times at which its application was started.
func dump(t *testing.T, a *harness.App) string {
	t.Helper()
	i := a.Run(t)
	defer i.Remove(t)
	return harness.BMO(t, "exec", "-T", i.Name, "db", "mysqldump", "-udemo", "-pdemo", "--no-tablespaces", "--skip-dump-date",
		"--ignore-table=demo.server_starts", "demo").OK(t).Stdout
}
