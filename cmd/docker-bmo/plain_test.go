package main

import (
	"bytes"
	"errors"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// TestR13EscapesAreQuoted: what a hostile file has in it does not reach the terminal through a library's error.
func TestR13EscapesAreQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ü, 日本\n\ttabs": "plain, ü, 日本\n\ttabs",
		"\x1b[31mred\x1b[0m":   "red",
		"\x1b]0;title\x07":     `\x1b]0;title\a`,
		"\x1b[2J\r\b\u009b2J":  `\x1b[2J\r\b\u009b2J`,
		"safe\u202egnp.exe":    `safe\u202egnp.exe`,
	} {
		assert.Equal(t, plainText(text), want)
	}
	var out bytes.Buffer
	report(&out, hint.Wrap(errors.New("a\x1b[2Jb"), "c\x1b[2Jd"))
	warn(&out, errors.New("e\x1b[2Jf"))
	assert.Equal(t, out.String(), "error: a\\x1b[2Jb\nhint: c\\x1b[2Jd\nwarning: e\\x1b[2Jf\n")
}
