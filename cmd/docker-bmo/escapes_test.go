package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// TestR13EscapesInMessages: what a hostile file has in it does not reach the terminal through a library's error.
func TestR13EscapesInMessages(t *testing.T) {
	var out bytes.Buffer
	report(&out, hint.Wrap(errors.New("a\x1b[2Jb"), "c\x1b[2Jd"))
	warn(&out, errors.New("e\x1b[2Jf"))
	assert.Equal(t, out.String(), "error: a\\x1b[2Jb\nhint: c\\x1b[2Jd\nwarning: e\\x1b[2Jf\n")
	event := eventLine(bmo.Event{Type: "probe", Action: "fail", Actor: "web", Attributes: map[string]string{"answer": "g\x1b[2Jh"}})
	assert.Assert(t, strings.HasSuffix(event, "probe fail web (answer=g\\x1b[2Jh)"), event)
}
