package main

import (
	"testing"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"
)

// TestDoctorCommand: a table with hints for people, an object for each finding for programs, and an exit code.
func TestDoctorCommand(t *testing.T) {
	x := newTerminal(t)
	assert.Equal(t, x.run("doctor"), 1) // the fake engine has no BuildKit
	assert.Assert(t, is.Contains(x.out, "CHECK       STATUS    DETAIL\n"))
	assert.Assert(t, is.Contains(x.out, "BuildKit    error     "))
	assert.Assert(t, is.Contains(x.err, "hint: BuildKit: "))
	assert.Equal(t, x.run("doctor", "--format", "json"), 1)
	assert.Assert(t, is.Contains(x.out, `"Check":"storage","Detail":"driver overlay2, the engine's own image store","Status":"ok"}`+"\n"))
	assert.Equal(t, x.err, "")
	assert.Equal(t, x.run("doctor", "--format", "{{.Check}}={{.Status}}"), 1)
	assert.Assert(t, is.Contains(x.out, "\nBuildKit=error\n"))
}
