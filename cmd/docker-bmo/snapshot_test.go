package main

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// fourSnapshots adds two snapshots of one stack and one of another to the engine, and an incomplete one.
func fourSnapshots(t *testing.T) *terminal {
	x := newTerminal(t)
	x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: noon.Add(-72 * time.Hour)}, nil)
	x.addSnapshot(snapshot.Snapshot{Key: key("b"), Inputs: key("3"), Stack: "shop", Created: noon.Add(-24 * time.Hour)},
		map[string]string{
			"ci.run": "42", label.Source: "https://git.example/shop.git#1234",
			label.Bases: "debian:trixie-slim,mysql:9.7@sha256:" + key("9"),
		})
	x.addSnapshot(snapshot.Snapshot{Key: key("c"), Stack: "blog", Services: []string{"web"}, Created: noon.Add(-2 * time.Hour)},
		map[string]string{"keep": ""})
	half := x.addSnapshot(snapshot.Snapshot{Key: key("d"), Stack: "shop", Created: noon}, nil)
	_, _, err := x.Engine(t).RemoveImage(t.Context(), half.Images["db"].ID)
	assert.NilError(t, err)
	at(noon)
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
