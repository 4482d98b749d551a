package main

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

func TestSnapshotLs(t *testing.T) {
	d := newDocker(t)
	assert.Equal(t, d.ok(t, "snapshot", "ls"), "KEY       NAME      PARENT    STACK     SERVICES   BASE IMAGES   CREATED   SIZE\n")
	d.AddSnapshot("demo", "aa", 1)
	d.AddSnapshot("bmo", "bb", 14)
	d.AddSnapshot("demo", "cc", 0, "web") // incomplete: not listed
	for name, args := range map[string][]string{
		"table": nil, "json": {"--format", "json"}, "quiet": {"-q"}, "quiet-no-trunc": {"-q", "--no-trunc"},
		"no-trunc": {"--no-trunc"}, "template": {"--format", "{{.Key}} {{.Services}} {{.Version}}"},
		"table-template": {"--format", "table {{.Stack}}\t{{.CreatedAt}}"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &docker{Fake: d.Fake}
			// The sweep of the first command removes the incomplete one.
			stdout, stderr, err := d.run(t, append([]string{"snapshot", "ls"}, args...)...)
			assert.NilError(t, err)
			assert.Equal(t, stderr, "")
			golden.Assert(t, stdout, "snapshot-ls."+name+".golden")
		})
	}
	assert.Equal(t, d.ok(t, "snapshot", "list", "-q"), "aa0000000000\nbb0000000000\n")
	assert.Equal(t, d.fails(t, "snapshot", "ls", "--format", "{{.Nonsense"),
		"error: template parsing error: template: :1: unclosed action\n")
}

func TestPs(t *testing.T) {
	d := newDocker(t)
	assert.Equal(t, d.ok(t, "ps"), "NAME      STACK     SNAPSHOT   CREATED   STATUS    URL\n")
	aa := d.AddSnapshot("demo", "aa", 1)
	d.AddInstance(t, "demo-1", aa, instancetest.Noon.Add(-2*time.Hour), owner.Current())
	d.AddInstance(t, "demo-2", aa, instancetest.Noon.Add(-5*time.Minute), owner.Current())
	assert.NilError(t, d.Engine(t).StopContainer(t.Context(), "docker-bmo-demo-1-db", time.Minute))
	_, err := d.AddNetwork("mine", nil)
	assert.NilError(t, err)
	for name, args := range map[string][]string{
		"table": nil, "json": {"--format", "json"}, "quiet": {"-q"}, "no-trunc": {"--no-trunc"},
		"template": {"--format", "{{.Name}} at {{.URL}} since {{.CreatedAt}}, {{.Flavor}}"},
	} {
		t.Run(name, func(t *testing.T) {
			golden.Assert(t, d.ok(t, append([]string{"ps", "-a"}, args...)...), "ps."+name+".golden")
		})
	}
	assert.Equal(t, d.ok(t, "ls", "-aq"), "demo-2\ndemo-1\n")
	assert.Equal(t, d.ok(t, "ps", "-q"), "demo-2\n", "one that has ended is not shown unasked")
}

// leftBehind adds an instance whose owner is gone to the engine.
func (d *docker) leftBehind(t *testing.T) snapshot.Snapshot {
	t.Helper()
	aa := d.AddSnapshot("demo", "aa", 1)
	gone := owner.Current()
	gone.Start = "0"
	d.AddInstance(t, "demo-1", aa, instancetest.Noon, gone)
	return aa
}

// TestStory20NextCommandSweeps: the next command that changes something removes what has no living owner.
func TestStory20NextCommandSweeps(t *testing.T) {
	for _, args := range [][]string{{"stop", "--all"}, {"snapshot", "rm", "bb"}, {"prune", "-f"}} {
		d := newDocker(t)
		d.leftBehind(t)
		d.AddSnapshot("demo", "bb", 2)
		d.ok(t, args...)
		for _, object := range d.Objects() {
			assert.Assert(t, !strings.Contains(object, "demo-1"), "%v: %s", args, object)
		}
	}
}

// TestReadingCommandsRemoveNothing: a listing changes nothing, as with docker's own commands.
func TestReadingCommandsRemoveNothing(t *testing.T) {
	for _, args := range [][]string{
		{"ps", "-a"},
		{"inspect", "demo-1"},
		{"logs", "demo-1"},
		{"port", "demo-1"},
		{"snapshot", "ls"},
		{"snapshot", "inspect", "aa"},
		{"version"},
		{"prune", "--dry-run"},
	} {
		d := newDocker(t)
		d.leftBehind(t)
		before := d.Objects()
		d.ok(t, args...)
		assert.DeepEqual(t, d.Objects(), before)
		assert.Equal(t, d.Count("DELETE", ".*"), 0, "%v", args)
	}
}

// TestLeftoversThatStay: they cause a warning, but are no reason to refuse a command that does not need them removed.
func TestLeftoversThatStay(t *testing.T) {
	d := newDocker(t)
	d.leftBehind(t)
	d.AddSnapshot("demo", "bb", 2)
	d.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 9)
	stdout, stderr, err := d.run(t, "snapshot", "rm", "bb")
	assert.NilError(t, err)
	assert.Equal(t, stdout, "bb0000000000\n")
	golden.Assert(t, maskIDs(stderr), "leftovers.golden")
}

func TestCompletion(t *testing.T) {
	d := newDocker(t)
	aa := d.AddSnapshot("demo", "aa", 1)
	d.AddInstance(t, "demo-1", aa, instancetest.Noon, owner.Current())
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"stop", ""}, "demo-1\n:4\n"},
		{[]string{"snapshot", "rm", ""}, snapshot.Short(snapshottest.Key("aa")) + "\tdemo\n:4\n"},
		{[]string{"run", "--stack", ""}, "bmo\nbugzilla\ndemo\n:0\n"},
		{[]string{"run", "--format", ""}, "json\n:4\n"},
		{[]string{"build", "--progress", ""}, "auto\nplain\ntty\nquiet\nrawjson\n:4\n"},
	} {
		stdout, _, err := d.runDocker(t, t.Context(), append([]string{"__complete", "bmo"}, c.args...)...)
		assert.NilError(t, err)
		assert.Equal(t, stdout, c.want)
	}
}
