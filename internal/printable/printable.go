// Package printable makes text of somebody else fit for a terminal.
package printable

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// colors matches what programs color their output with, which is of no use in a message.
var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Text returns a text that does nothing to a terminal but show it: colors are left out, and other control characters,
// which a file or a program of somebody else may have put into a message, are quoted, as are those that change the order in
// which text is shown.
func Text(text string) string {
	text = colors.ReplaceAllString(text, "")
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unprintable(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unprintable(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}
