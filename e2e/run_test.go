package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

func TestRunPrintsOneObject(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	r := a.Do(t, "run", "-d", "--format", "json").OK(t)
	assert.Equal(t, len(harness.Lines(r.Stdout)), 1)
	i := harness.ParseInstance(t, r)
	assert.Equal(t, i.Stack, a.Name)
	assert.Equal(t, i.Key[:len(key)], key)
	assert.Equal(t, i.Env["BMO_INSTANCE"], i.Name)
	assert.Equal(t, i.Env["BMO_URL"], i.URL)
	assert.Equal(t, len(i.Services), 2)
	for service, id := range i.Services {
		assert.Equal(t, harness.Docker(t, "inspect", "--format", `{{index .Config.Labels "docker-bmo.service"}} {{.State.Status}}`, id), service+" running")
	}
	i.Tracker().Answers(t)
}

func TestRunDetachedPrintsTheName(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	r := a.Do(t, "run", "--detach", "--quiet").OK(t)
	assert.Equal(t, r.Stderr, "")
	name := r.Text()
	t.Cleanup(func() { (&harness.Instance{Name: name}).Remove(t) })

	var row struct{ Name, Stack, Snapshot, State, Status, URL string }
	for _, l := range harness.Lines(harness.BMO(t, "ps", "--format", "json").OK(t).Stdout) {
		if strings.Contains(l, `"`+name+`"`) {
			assert.NilError(t, json.Unmarshal([]byte(l), &row))
		}
	}
	assert.Equal(t, row.Name+" "+row.Stack+" "+row.Snapshot+" "+row.State, name+" "+a.Name+" "+key+" running")
	assert.Assert(t, strings.HasPrefix(row.Status, "Up "), row.Status)
	harness.Tracker{URL: row.URL}.Answers(t)

	assert.Equal(t, harness.BMO(t, "stop", name).OK(t).Text(), name)
	harness.Removed(t, name)
}

func TestRunSeveral(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	list := a.Runs(t, "-n", "3", "--name", a.Name+"-many")
	assert.Equal(t, len(list), 3)
	urls := map[string]bool{}
	for i, s := range list {
		assert.Equal(t, s.Name, fmt.Sprintf("%s-many-%d", a.Name, i+1))
		s.Tracker().Answers(t)
		urls[s.URL] = true
	}
	assert.Equal(t, len(urls), 3)
	r := harness.BMO(t, "stop", "-t", "0", list[0].Name, list[1].Name, list[2].Name).OK(t)
	assert.Equal(t, len(harness.Lines(r.Stdout)), 3)
}

func TestExec(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.Runs(t, "-e", "DEMO_FROM_TEST=yes")[0]
	r := harness.BMO(t, "exec", "-e", "MORE=a b", s.Name, "web", "sh", "-c", `echo "$DEMO_FROM_TEST $MORE"; echo oops >&2; exit 3`)
	assert.Equal(t, r.Code, 3)
	assert.Equal(t, r.Text(), "yes a b")
	assert.Equal(t, r.Stderr, "oops\n")

	file := filepath.Join(t.TempDir(), "statements.sql")
	assert.NilError(t, os.WriteFile(file, []byte("SELECT CONCAT('from ', 'MySQL');\n"), 0o600))
	statements, err := os.Open(file)
	assert.NilError(t, err)
	defer statements.Close()
	in := harness.CLI{Stdin: statements}
	assert.Equal(t, in.Run(t, "exec", s.Name, "db", "mysql", "-uroot", "-N").OK(t).Text(), "from MySQL")

	// What cannot be found has the exit code that docker's own exec gives it: older engines say 126.
	theirs := exec.Command("docker", "exec", s.Services["web"], "no-such-command")
	assert.Assert(t, theirs.Run() != nil)
	assert.Assert(t, slices.Contains([]int{126, 127}, theirs.ProcessState.ExitCode()), theirs.ProcessState)
	harness.BMO(t, "exec", s.Name, "web", "no-such-command").Fails(t, theirs.ProcessState.ExitCode())
}

func TestBuildQuietPrintsTheKeyOnly(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "quiet", nil)
	r := a.Do(t, "build", "--quiet").OK(t)
	assert.Equal(t, r.Stderr, "")
	assert.DeepEqual(t, harness.Lines(r.Stdout), a.Keys(t))
}
