package e2e

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// varying are the marks of a run in what is said, and what stands for them.
var varying = []struct{ pattern, shown string }{
	{`docker-bmo/journals/\S+\.log`, "docker-bmo/journals/JOURNAL.log"},
	{`\b(shop|app)-[0-9a-f]{6}\b`, "$1-1a2b3c"},
	{`\b[0-9a-f]{64}\b`, "ID"},
	{`\b[0-9a-f]{12}\b`, "0123456789ab"},
	{`127\.0\.0\.1:[0-9]{4,5}\b`, "127.0.0.1:5000"},
	{`\b[0-9a-f]{40}\b`, "0123456789abcdef0123456789abcdef01234567"},
	{`not ready after [0-9.]+s`, "not ready after 4s"},
}

// story is all that a user sees, as docs/errors.md has it.
func (m *try) story() string {
	text := "$ " + m.shown + "\n" + m.result.Stdout + m.result.Stderr
	m.masks = append(m.masks, harness.Suite.Dir, "~")
	text = strings.NewReplacer(m.masks...).Replace(text)
	for _, v := range varying {
		text = regexp.MustCompile(v.pattern).ReplaceAllString(text, v.shown)
	}
	var b strings.Builder
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight("    "+l, " \r") + "\n")
	}
	return b.String() + "\n" + exitLine(m.result.Code)
}

func exitLine(code int) string { return "Exit code " + strconv.Itoa(code) + ".\n" }

// book is docs/errors.md.
type book struct {
	mu    sync.Mutex
	want  map[string]string
	found map[string]string
}

const (
	bookFile = "../docs/errors.md"
	preface  = "# Errors and what to do\n\n<!-- Made by \"go test ./e2e -run TestMistakes -update\", which makes each mistake for real. -->\n\n" +
		"The likeliest mistakes and troubles, and what `docker bmo` says of them: what failed, why, and after `hint:` what to\n" +
		"do next. The [exit codes](architecture.md#exit-codes) are docker's. `shop` and `app` are stacks of one service, in\n" +
		"folders of these names.\n"
)

func readBook(t *testing.T) *book {
	t.Helper()
	text, err := os.ReadFile(bookFile)
	if !os.IsNotExist(err) {
		assert.NilError(t, err)
	}
	b := &book{want: map[string]string{}, found: map[string]string{}}
	for _, part := range strings.Split(string(text), "\n### ")[1:] {
		name, story, _ := strings.Cut(part, "\n\n")
		story, _, _ = strings.Cut(story, "\n## ")
		b.want[name] = strings.TrimRight(story, "\n") + "\n"
	}
	return b
}

// check compares what was said with what stands under that name.
func (b *book) check(t *testing.T, name, story string) {
	t.Helper()
	want := wording(t, b.want[name])
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found[name] = story; story == want {
		b.found[name] = b.want[name] // in the words of the newest engine
	}
	if !golden.FlagUpdate() {
		assert.Equal(t, story, want)
	}
}

// close writes the book, or tells what is in it that nobody makes any more. A part of the rows leaves it as it is.
func (b *book) close(t *testing.T) {
	if t.Failed() || len(b.found) != count(chapters()) {
		return
	}
	var text strings.Builder
	text.WriteString(preface)
	for _, c := range chapters() {
		text.WriteString("\n## " + c.title + "\n")
		for _, m := range c.rows {
			text.WriteString("\n### " + m.name + "\n\n" + b.found[m.name])
		}
	}
	if golden.FlagUpdate() {
		assert.NilError(t, os.WriteFile(bookFile, []byte(text.String()), 0o644))
		return
	}
	written, err := os.ReadFile(bookFile)
	assert.NilError(t, err)
	assert.Equal(t, string(written), text.String())
}

func count(list []chapter) (n int) {
	for _, c := range list {
		n += len(c.rows)
	}
	return n
}

// wording is what is expected of the engine that is there. Before 28.0 (API 1.48) engines end what they say of a program
// that is not there with the kind of error, and what docker exec cannot start has exit code 126 throughout.
func wording(t *testing.T, text string) string {
	t.Helper()
	minor, err := strconv.Atoi(strings.TrimPrefix(harness.Docker(t, "version", "--format", "{{.Server.APIVersion}}"), "1."))
	assert.NilError(t, err)
	if minor >= 48 {
		return text
	}
	return strings.NewReplacer(
		"not found in $PATH\n\nExit code 127.", "not found in $PATH: unknown\n\nExit code 126.",
		"not found in $PATH\n", "not found in $PATH: unknown\n",
		"    error: unable to find user nobody-there: no matching entries in passwd file\n\nExit code 1.",
		"    unable to find user nobody-there: no matching entries in passwd file\n\nExit code 126.",
	).Replace(text)
}
