package main

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// maskIDs masks identifiers that depend on what else is on the engine.
func maskIDs(s string) string {
	return regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAllString(s, "ID")
}

func TestStop(t *testing.T) {
	d := newDocker(t)
	aa := d.AddSnapshot("demo", "aa", 1)
	before := d.Objects()
	for _, name := range []string{"demo-1", "demo-2", "demo-3"} {
		d.AddInstance(t, name, aa, instancetest.Noon, owner.Current())
	}
	assert.Equal(t, d.ok(t, "stop", "demo-2"), "demo-2\n")
	assert.Equal(t, d.Count("POST", "/containers/[^/]+/stop"), 0, "what is thrown away is killed")
	stdout, stderr, err := d.run(t, "stop", "demo-2", "demo-1", "demo-1")
	assert.Error(t, err, "no such instance: demo-2")
	assert.Equal(t, stdout, "demo-1\n")
	assert.Equal(t, stderr, "error: no such instance: demo-2\nhint: `docker bmo ps -a` lists them\n")
	assert.Equal(t, d.ok(t, "stop", "--all"), "demo-3\n")
	assert.Equal(t, d.ok(t, "stop", "--all"), "")
	assert.DeepEqual(t, d.Objects(), before)
}

func TestStopAll(t *testing.T) {
	d := newDocker(t)
	aa := d.AddSnapshot("demo", "aa", 1)
	before := d.Objects()
	want := []string{"demo-1", "demo-2", "demo-3", "demo-4"}
	for _, name := range want {
		d.AddInstance(t, name, aa, instancetest.Noon, owner.Current())
	}
	names := strings.Fields(d.ok(t, "stop", "--all", "--timeout", "1"))
	slices.Sort(names)
	assert.DeepEqual(t, names, want)
	assert.DeepEqual(t, d.Objects(), before)
}

func TestStopArguments(t *testing.T) {
	d := newDocker(t)
	golden.Assert(t, d.fails(t, "stop"), "stop-nothing.golden")
	assert.Equal(t, d.fails(t, "stop", "--all", "x"), "error: --all cannot be combined with instance names\n")
	assert.Equal(t, len(d.Requests()), 0)
}

func TestSnapshotRm(t *testing.T) {
	d := newDocker(t)
	d.AddSnapshot("demo", "aa", 1)
	d.AddSnapshot("demo", "ab", 2)
	used := d.AddSnapshot("demo", "bb", 3)
	d.AddInstance(t, "demo-1", used, instancetest.Noon, owner.Current())
	before := d.Objects()
	golden.Assert(t, d.fails(t, "snapshot", "rm", "a"), "snapshot-rm-ambiguous.golden")
	golden.Assert(t, d.fails(t, "snapshot", "rm", "cc"), "snapshot-rm-unknown.golden")
	golden.Assert(t, d.fails(t, "snapshot", "rm", "bb"), "snapshot-rm-used.golden")
	assert.DeepEqual(t, d.Objects(), before)

	stdout, stderr, err := d.run(t, "snapshot", "rm", "aa", "cc", "ab")
	assert.ErrorContains(t, err, "no such snapshot: cc")
	assert.Equal(t, stdout, "aa0000000000\nab0000000000\n")
	golden.Assert(t, stderr, "snapshot-rm-unknown.golden")
	assert.Equal(t, d.ok(t, "snapshot", "ls", "-q"), "bb0000000000\n")
}

// several adds snapshots of two stacks, one of them in use, and leftovers to the engine.
func several(t *testing.T) *docker {
	t.Helper()
	d := newDocker(t)
	d.AddSnapshot("demo", "aa", 1)
	d.AddSnapshot("demo", "bb", 10)
	used := d.AddSnapshot("demo", "cc", 20)
	d.AddInstance(t, "demo-1", used, instancetest.Noon, owner.Current())
	d.AddSnapshot("bmo", "dd", 3)
	d.AddSnapshot("bmo", "ee", 30)
	d.AddSnapshot("bmo", "ff", 0, "db")
	gone := owner.Current()
	gone.Start = "0"
	labels := map[string]string{label.Owner: gone.String()}
	d.AddImage(enginetest.Image{Tags: []string{"docker-bmo/demo-web:raw1"}, Labels: labels, Layers: []enginetest.Layer{{Name: "raw", Size: 1e9}}})
	_, err := d.AddNetwork("docker-bmo-bootstrap-x", labels)
	assert.NilError(t, err)
	d.AddVolume("left", labels)
	_, err = d.Engine(t).CreateContainer(t.Context(), engine.ContainerSpec{Name: "left", Image: snapshottest.ID(used, "db"), Labels: labels})
	assert.NilError(t, err)
	d.AddImage(enginetest.Image{Tags: []string{"mine:1"}})
	return d
}

func TestPrune(t *testing.T) {
	for name, args := range map[string][]string{
		"default":    {"-f"},
		"keep-two":   {"-f", "--keep-last", "2"},
		"older-than": {"--force", "--keep-last=0", "--older-than", "168h"},
		"stack":      {"-f", "--all", "--stack", "demo"},
		"all":        {"-f", "-a"},
	} {
		t.Run(name, func(t *testing.T) {
			d := several(t)
			golden.Assert(t, maskIDs(d.ok(t, append([]string{"prune"}, args...)...))+"\nleft on the engine:\n"+
				strings.Join(d.Objects(), "\n")+"\n", "prune."+name+".golden")
			assert.Equal(t, d.ok(t, append([]string{"prune"}, args...)...), "Total reclaimed space: 0B\n")
		})
	}
}

func TestPruneDryRun(t *testing.T) {
	d := several(t)
	before := d.Objects()
	golden.Assert(t, d.ok(t, "prune", "--dry-run", "--keep-last", "0"), "prune-dry-run.golden")
	assert.DeepEqual(t, d.Objects(), before)

	// This is all that a sweep removes.
	d.ok(t, "prune", "-f", "--keep-last", "1000")
	before = d.Objects()
	assert.Equal(t, d.ok(t, "prune", "--dry-run", "--older-than", "240h", "--stack=demo", "--keep-last=0"),
		"Would delete snapshots:\nbb0000000000\tdemo\t10 days ago\n1 snapshot would be deleted\n")
	assert.Equal(t, d.ok(t, "prune", "--dry-run", "--stack", "none"), "0 snapshots would be deleted\n")
	assert.DeepEqual(t, d.Objects(), before)
}

func TestPrunePrompt(t *testing.T) {
	for _, c := range []struct {
		in     string
		args   []string
		prunes bool
	}{
		{"y\n", nil, true},
		{"Yes\n", []string{"--all"}, true},
		{" y \n", []string{"--older-than", "168h", "--stack", "demo"}, true},
		{"n\n", nil, false},
		{"\n", []string{"--keep-last", "3"}, false},
		{"", nil, false},
		{"yeah\n", nil, false},
	} {
		t.Run(c.in, func(t *testing.T) {
			d := several(t)
			before := d.Objects()
			d.in = c.in
			stdout := d.ok(t, append([]string{"prune"}, c.args...)...)
			assert.Assert(t, strings.HasPrefix(stdout, "WARNING! This will remove snapshots: "), stdout)
			assert.Assert(t, strings.Contains(stdout, "Are you sure you want to continue? [y/N] "), stdout)
			assert.Equal(t, slices.Equal(d.Objects(), before), !c.prunes)
		})
	}
}

func TestPruneWarning(t *testing.T) {
	d := newDocker(t)
	var text string
	for _, args := range [][]string{
		nil, {"--keep-last", "3"}, {"--all"}, {"--keep-last", "0"}, {"--older-than", "36h"}, {"-a", "--older-than", "1h30m", "--stack", "bmo"},
	} {
		text += strings.Join(append([]string{"$ docker bmo prune"}, args...), " ") + "\n" + d.ok(t, append([]string{"prune"}, args...)...) + "\n"
	}
	golden.Assert(t, text, "prune-warning.golden")
}

func TestPruneInterrupted(t *testing.T) {
	d := several(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	d.After("GET", "/containers/json", func(*http.Request) { cancel(interrupted{}) })
	_, stderr, err := d.runDocker(t, ctx, "bmo", "prune", "-f")
	assert.Assert(t, errors.As(err, new(interrupted)), "%v", err)
	assert.Equal(t, stderr, "interrupted\n")
	assert.Equal(t, d.Count("DELETE", ".*"), 0)
}

func TestPruneArguments(t *testing.T) {
	d := newDocker(t)
	assert.Equal(t, d.fails(t, "prune", "--all", "--keep-last", "2"), "error: --all cannot be combined with --keep-last\n")
	assert.Equal(t, d.fails(t, "prune", "--keep-last", "-1"), "error: --keep-last must not be negative\n")
	assert.Equal(t, len(d.Requests()), 0)
}

func TestPruneGoesOn(t *testing.T) {
	d := several(t)
	d.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 9)
	d.Fail("DELETE", "/images/docker-bmo/bmo-web.*", 500, "device or resource busy", 1)
	stdout, stderr, err := d.run(t, "prune", "-f")
	assert.Assert(t, err != nil)
	assert.Assert(t, strings.Contains(stdout, "Total reclaimed space: "))
	golden.Assert(t, maskIDs(stderr), "prune-goes-on.golden")
}
