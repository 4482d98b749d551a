package main

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestFlagErrors(t *testing.T) {
	d := newDocker(t)
	for _, c := range []struct{ args, hint string }{
		{"run --rm", "an instance is always removed, when it ends or is stopped"},
		{"run -it", "`docker bmo exec INSTANCE SERVICE sh` opens a shell in an instance"},
		{"run -d -P", "the application's port is always published; --publish adds others by name"},
		{"build -t app", "the images of a snapshot are tagged docker-bmo/STACK-SERVICE:KEY"},
		{"build --load=true", "a snapshot is on the engine already, there is nothing to load"},
		{"snapshot rm -f aa", "a snapshot that an instance runs from cannot be removed until the instance is stopped"},
		{"stop -s KILL x", "set stop_signal in the stack's file"},
		{"stop --nonsense x", ""},
		{"ps -x", ""},
		{"run --number many", ""},
		{"--rm", ""},
	} {
		_, stderr, err := d.run(t, strings.Fields(c.args)...)
		assert.Assert(t, err != nil, c.args)
		text, hint, _ := strings.Cut(strings.TrimSuffix(stderr, "\n"), "\nhint: ")
		assert.Equal(t, hint, c.hint, c.args)
		assert.Assert(t, strings.HasSuffix(text, " --help' for more information"), "%s: docker's own text comes first: %s", c.args, text)
	}
}
