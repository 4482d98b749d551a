package main

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// TestSpread: the shards of a command, and the tests of a list, run against instances on two engines, of which one had no snapshot.
func TestSpread(t *testing.T) {
	x := newTerminal(t)
	other := instancetest.New(t)
	other.SetPrograms(shopPrograms)
	addContext(t, "one", x.Host())
	addContext(t, "two", other.Host())
	addContext(t, "gone", "unix:///nowhere/docker.sock")
	made := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour)}, nil)

	args := []string{"--stack", x.file, "--snapshot", made.Key, "--context", "one,two,gone", "-n", "4", "--"}
	assert.Equal(t, x.run(append([]string{"run", "-q"}, append(args, "sh", "-c", "echo shard $BMO_SHARD of $BMO_SHARDS; exit $((BMO_SHARD / 4))")...)...), 1, x.err)
	for _, want := range []string{" | shard 1 of 4\n", " | shard 2 of 4\n", " | shard 3 of 4\n", " | shard 4 of 4\n"} {
		assert.Equal(t, strings.Count(x.out, want), 1, x.out)
	}
	assert.Assert(t, strings.Contains(x.err, "warning: an engine is left out: context gone: cannot reach a docker engine"), x.err)
	assert.Assert(t, strings.Contains(x.err, "shard 4 of 4 failed: exit code 1; record: docker bmo logs shop-"), x.err)
	assert.Equal(t, x.Count("POST", "/containers/create"), 4)
	assert.Equal(t, other.Count("POST", "/containers/create"), 4)
	assert.Equal(t, len(other.Objects()), 2, "%v", other.Objects()) // the snapshot's images

	x.in = "a\nb\nc\nd\n"
	assert.Equal(t, x.run(append([]string{"test", "-q"}, append(args, "true")...)...), 0, x.err)
	assert.Assert(t, strings.Contains(x.out, "4 tests: 4 passed"), x.out)
	assert.Assert(t, other.Count("POST", "/containers/create") > 4)
}

// TestSpreadOfNothing: what is about one engine is docker's own --context.
func TestSpreadOfNothing(t *testing.T) {
	x := newTerminal(t)
	for name, args := range map[string][]string{
		"no-command": {"run", "--context", "one,two"},
		"name":       {"run", "--context", "one,two", "--name", "shop", "--", "true"},
		"no-context": {"run", "--stack", x.file, "--context", "none", "--", "true"},
	} {
		assert.Equal(t, x.run(args...), exitEngine)
		x.golden("spread-" + name)
	}
}
