package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/config"
	"gotest.tools/v3/assert"
)

// TestPruneFilter shows which are removed of a (three days old), b (one day, label ci.run=42) and c (two hours, label
// keep, of another stack).
func TestPruneFilter(t *testing.T) {
	x := fourSnapshots(t)
	for _, c := range []struct {
		args string
		want string
	}{
		{"--all", "cba"},
		{"--all --filter label=ci.run", "b"},
		{"--all --filter label=ci.run=42", "b"},
		{"--all --filter label=ci.run=43", ""},
		{"--all --filter label!=keep", "ba"},
		{"--all --filter label!=keep --filter label!=ci.run", "a"},
		{"--all --filter label=ci.run --filter label=keep", ""},
		{"--all --filter label=docker-bmo.stack=blog", "c"},
		{"--all --filter until=12h", "ba"},
		{"--all --filter until=2024-02-27", "a"},
		{"--all --filter until=2024-02-29T09:59:59Z", "ba"},
		{"--all --filter until=2024-02-29T10:00:01Z", "cba"},
		{"--all --older-than 12h", "ba"},
		{"--all --older-than 12h --filter label!=ci.run", "a"},
		{"--all --stack shop", "ba"},
		{"--keep-last 1", "a"},
		{"", "a"},
	} {
		assert.Equal(t, x.run(append([]string{"prune", "--dry-run"}, strings.Fields(c.args)...)...), 0, c.args)
		got := ""
		_, snapshots, _ := strings.Cut(x.out, "Would delete snapshots:\n")
		for line := range strings.Lines(snapshots) {
			if strings.Contains(line, "\t") {
				got += line[:1]
			}
		}
		assert.Equal(t, got, c.want, c.args)
	}
}

// TestPruneFiltersOfTheConfiguration: they are applied as docker's own prune commands apply them.
func TestPruneFiltersOfTheConfiguration(t *testing.T) {
	x := fourSnapshots(t)
	configure(t, `{"pruneFilters": ["label!=keep", "until=12h"]}`)
	assert.Equal(t, x.run("prune", "--all", "--dry-run"), 0)
	x.golden("prune-configured")
	assert.Equal(t, x.run("prune", "--all", "--dry-run", "--filter", "label=keep"), 0, "the command line wins over its contrary")
	x.golden("prune-configured-contrary")
	assert.Equal(t, x.run("prune", "--all", "--dry-run", "--filter", "until=1h"), 1)
	x.golden("prune-configured-twice")
	configure(t, `{"pruneFilters": ["unused-for=24h"]}`)
	assert.Equal(t, x.run("prune", "--all", "--dry-run"), 1)
	x.golden("prune-configured-unknown")
}

func configure(t *testing.T, text string) {
	t.Helper()
	assert.NilError(t, os.MkdirAll(config.Dir(), 0o700))
	assert.NilError(t, os.WriteFile(filepath.Join(config.Dir(), "config.json"), []byte(text), 0o600))
}

func TestPruneMistakes(t *testing.T) {
	x := newTerminal(t)
	for name, args := range map[string][]string{
		"prune-bad-filter": {"--filter", "colour=red"},
		"prune-bad-until":  {"--filter", "until=yesterday"},
	} {
		assert.Equal(t, x.run(append([]string{"prune", "-f"}, args...)...), 1, name)
		x.golden(name)
	}
}
