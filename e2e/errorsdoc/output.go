package errorsdoc

import (
	"fmt"
	"regexp"
	"strings"
)

// Output is what a user sees of a command that goes wrong.
type Output struct {
	Command        string // as one would type it, see Words
	Stdout, Stderr string
	Code           int
	// Masks are pairs of what differs from run to run, such as a folder, and what is shown for it.
	Masks []string
}

// varying is what differs from run to run in every output, and what is shown for it.
var varying = []struct {
	pattern *regexp.Regexp
	shown   string
}{
	{regexp.MustCompile(`\b(shop|app)-[0-9a-f]{6}\b`), "$1-1a2b3c"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "ID"},
	{regexp.MustCompile(`\b[0-9a-f]{12}\b`), "0123456789ab"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,5}\b`), "127.0.0.1:5000"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "0123456789abcdef0123456789abcdef01234567"},
	{regexp.MustCompile(`not ready after [0-9.]+s`), "not ready after 4s"},
}

// Text is the output as the document has it.
func (o Output) Text() string {
	text := strings.NewReplacer(o.Masks...).Replace("$ " + o.Command + "\n" + o.Stdout + o.Stderr)
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.shown)
	}
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight("    "+l, " \r") + "\n")
	}
	fmt.Fprintf(&b, "\nExit code %d.\n", o.Code)
	return b.String()
}

// Words joins the words of a command as one would type them.
func Words(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = w; w == "" || strings.ContainsAny(w, " {}*") {
			quoted[i] = "'" + w + "'"
		}
	}
	return strings.Join(quoted, " ")
}
