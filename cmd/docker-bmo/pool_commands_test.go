package main

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestPoolCommands: a pool is made, listed, made larger, filled, and ended.
func TestPoolCommands(t *testing.T) {
	x := newTerminal(t)
	x.current()
	at(time.Now())
	var id string
	steps := func(name string, code int, args ...string) {
		t.Helper()
		assert.Equal(t, x.run(append([]string{"pool"}, args...)...), code, "%v: %s", args, x.err)
		x.out, x.err = strings.ReplaceAll(x.out, id, "<pool>"), strings.ReplaceAll(x.err, id, "<pool>")
		x.golden("pool-" + name)
	}
	assert.Equal(t, x.run("pool", "up", "--stack", x.file, "--size", "1"), 0, x.err)
	id = strings.TrimSpace(x.out)
	assert.Assert(t, strings.Contains(x.err, "pool "+id+" of shop has 1 of 1 instances ready\n"), x.err)
	steps("ls", 0, "ls")
	steps("up", 0, "up", "--quiet", "--stack", x.file, "--size", "2")
	steps("ls-json", 0, "ls", "--format", "json")
	steps("ls-template", 0, "ls", "--format", "{{.ID}} {{.Stack}} {{.Flavor}} {{.Snapshot}} {{.Size}} {{.Starting}}")
	steps("ls-quiet", 0, "ls", "--quiet")
	assert.Equal(t, x.run("pool", "fill", "--quiet", "--stack", x.file, "--pool", id), 0, x.err)
	steps("down-none", 1, "down")
	steps("down-unknown", 1, "down", "ffffffffffff")
	steps("down", 0, "down", id)
	steps("ls-empty", 0, "ls")
	steps("up-none", 1, "up", "--stack", x.file, "--size", "0")
	assert.Equal(t, x.Count("POST", "/containers/.*/unpause"), 0)
}
