package main

import (
	"slices"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// fourSnapshots adds two snapshots of one stack and one of another to the engine, and an incomplete one.
func fourSnapshots(t *testing.T) *terminal {
	x := newTerminal(t)
	x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon.Add(-72 * time.Hour)}, nil)
	x.addSnapshot(snapshot.Snapshot{Key: key("b"), Inputs: key("3"), Stack: "shop", Created: instancetest.Noon.Add(-24 * time.Hour)},
		map[string]string{
			"ci.run": "42", label.Source: "https://git.example/shop.git#1234",
			label.Bases: "debian:trixie-slim,mysql:9.7@sha256:" + key("9"),
		})
	x.addSnapshot(snapshot.Snapshot{Key: key("c"), Stack: "blog", Services: []string{"web"}, Created: instancetest.Noon.Add(-2 * time.Hour)},
		map[string]string{"keep": ""})
	half := x.addSnapshot(snapshot.Snapshot{Key: key("d"), Stack: "shop", Created: instancetest.Noon}, nil)
	_, _, err := x.Engine(t).RemoveImage(t.Context(), half.Images["db"].ID)
	assert.NilError(t, err)
	at(instancetest.Noon)
	return x
}

func TestSnapshotInspect(t *testing.T) {
	x := fourSnapshots(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"snapshot-inspect", []string{"bbbb"}, 0},
		{"snapshot-inspect-json", []string{"-f", "json", "cc"}, 0},
		{"snapshot-inspect-template", []string{"-f", "{{.Stack}} {{.Source}} {{json .Labels}}", "bb", "cc"}, 0},
		{"snapshot-inspect-missing", []string{"-f", "{{.Stack}}", "ee", "bb", "ff"}, 1},
		{"snapshot-inspect-half", []string{"dd"}, 1},
		{"snapshot-inspect-bad-template", []string{"-f", "{{.Nope}}", "bb"}, 1},
		{"snapshot-inspect-broken-template", []string{"-f", "{{", "bb"}, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"snapshot", "inspect"}, c.args...)...), c.code)
			x.golden(c.name)
		})
	}
}

// TestSnapshotLsBases: the base images show which database a snapshot has; the digest that one is pinned to is shown on
// request.
func TestSnapshotLsBases(t *testing.T) {
	x := fourSnapshots(t)
	assert.Equal(t, x.run("snapshot", "ls"), 0)
	x.golden("snapshot-ls-bases")
	assert.Equal(t, x.run("snapshot", "ls", "--no-trunc", "--format", "{{.Bases}}", "-f", "label=ci.run"), 0)
	assert.Equal(t, x.out, "debian:trixie-slim,mysql:9.7@sha256:"+key("9")+"\n")
}

func TestSnapshotLsFilter(t *testing.T) {
	x := fourSnapshots(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-f", "label=ci.run"}, "bbbbbbbbbbbb\n"},
		{[]string{"-f", "label=ci.run=42", "-f", "label=keep"}, ""},
		{[]string{"-f", "stack=blog", "-f", "stack=shop"}, "cccccccccccc\nbbbbbbbbbbbb\naaaaaaaaaaaa\n"},
		{[]string{"-f", "stack=shop", "-f", "label=keep"}, ""},
		{[]string{"-f", "label=docker-bmo.stack=blog"}, "cccccccccccc\n"},
	} {
		assert.Equal(t, x.run(append([]string{"snapshot", "ls", "-q"}, c.args...)...), 0)
		assert.Equal(t, x.out, c.want, "%v", c.args)
	}
	assert.Equal(t, x.run("snapshot", "ls", "-f", "until=1h"), 1)
	x.golden("snapshot-ls-bad-filter")
}

// TestCheckpointsInListings: they are shown when they are asked for, as what they are, and can be removed.
func TestCheckpointsInListings(t *testing.T) {
	x := fourSnapshots(t)
	c := snapshot.Snapshot{Key: key("e"), Inputs: key("4"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour), AfterStep: 2, Services: []string{"db"}}
	x.addImages(c, map[string]string{label.Bases: "mysql:9.7"})
	assert.Equal(t, x.run("snapshot", "ls", "-q"), 0)
	assert.Equal(t, x.out, "cccccccccccc\nbbbbbbbbbbbb\naaaaaaaaaaaa\n")
	assert.Equal(t, x.run("snapshot", "ls", "--all"), 0)
	x.golden("snapshot-ls-all")
	assert.Equal(t, x.run("snapshot", "inspect", "--format", "{{.Key}} {{.AfterStep}}", "ee"), 0)
	assert.Equal(t, x.out, key("e")+" 2\n")
	assert.Equal(t, x.offered("snapshot", "rm", "")[0], "eeeeeeeeeeee")
	assert.Assert(t, !slices.Contains(x.offered("push", "--stack", x.file, ""), "eeeeeeeeeeee"))
	assert.Equal(t, x.run("run", "--snapshot", "ee"), 125) // nothing is started from one
	assert.Equal(t, x.run("prune", "--dry-run"), 0)
	x.golden("prune-checkpoints")
	assert.Equal(t, x.run("snapshot", "rm", "ee"), 0)
	assert.Equal(t, x.out, "eeeeeeeeeeee\n")
	assert.Equal(t, x.run("snapshot", "ls", "-aq"), 0)
	assert.Equal(t, x.out, "cccccccccccc\nbbbbbbbbbbbb\naaaaaaaaaaaa\n")
}
