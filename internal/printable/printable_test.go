package printable

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestR13EscapesAreQuoted: what a hostile file or server says does nothing to a terminal.
func TestR13EscapesAreQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ü, 日本\n\ttabs": "plain, ü, 日本\n\ttabs",
		"\x1b[31mred\x1b[0m":   "red",
		"\x1b]0;title\x07":     `\x1b]0;title\a`,
		"\x1b[2J\r\b\u009b2J":  `\x1b[2J\r\b\u009b2J`,
		"safe\u202egnp.exe":    `safe\u202egnp.exe`,
	} {
		assert.Equal(t, Text(text), want)
	}
}
