package bmo

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestDiffFiles: folders that only lead to what differs are left out, as are the database's files and secrets.
func TestDiffFiles(t *testing.T) {
	svc := stack.Service{Name: "db", Files: []stack.File{{Target: "/run/secrets/key"}}}
	changes := []engine.Change{
		{Kind: "C", Path: "/run"},
		{Kind: "C", Path: "/run/secrets"},
		{Kind: "C", Path: "/run/secrets/key"},
		{Kind: "A", Path: "/run/pid"},
		{Kind: "C", Path: "/var"},
		{Kind: "C", Path: "/var/lib"},
		{Kind: "C", Path: "/var/lib/mysql"},
		{Kind: "C", Path: "/var/lib/mysql/ibdata1"},
		{Kind: "A", Path: "/var/lib/mysql2"},
		{Kind: "A", Path: "/var/lib/mysql2/x"},
		{Kind: "D", Path: "/var/old"},
		{Kind: "C", Path: "/etc"},
	}
	shown := func(dir string) (out string) {
		for _, d := range files(svc, changes, dir) {
			assert.Equal(t, d.Service+d.Type, "dbfile")
			out += d.Change + d.Name + " "
		}
		return out
	}
	assert.Equal(t, shown("/var/lib/mysql/"), "A/run/pid A/var/lib/mysql2 A/var/lib/mysql2/x D/var/old C/etc ")
	assert.Equal(t, shown(""), "A/run/pid C/var/lib/mysql/ibdata1 A/var/lib/mysql2 A/var/lib/mysql2/x D/var/old C/etc ")
}

func TestDiffTables(t *testing.T) {
	a, b := probe.Table{Content: "1", Definition: "x"}, probe.Table{Content: "2", Definition: "x"}
	list := differing("db", map[string]probe.Table{"s.same": a, "s.rows": a, "s.columns": a, "s.new": a},
		map[string]probe.Table{"s.same": a, "s.rows": b, "s.columns": {Content: "1", Definition: "y"}, "s.gone": a})
	var out string
	for _, d := range list {
		assert.Equal(t, d.Service+d.Type, "dbtable")
		out += d.Change + " " + d.Name + ", "
	}
	assert.Equal(t, out, "C s.columns, A s.new, C s.rows, D s.gone, ")
}
