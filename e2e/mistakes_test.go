package e2e

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// mistake is one of the likeliest mistakes and troubles, and how it comes about. What is said of it, all of it, stands
// in docs/errors.md under its name.
type mistake struct {
	name string
	make func(*try)
}

// chapter is a chapter of docs/errors.md.
type chapter struct {
	title string
	rows  []mistake
}

// chapters are all mistakes. Each is made for real: the docker client and the engine are those of a user.
func chapters() []chapter {
	return []chapter{
		{"The engine", engineMistakes}, {"The command line", commandMistakes}, {"The stack", stackMistakes},
		{"The source tree", sourceMistakes}, {"The images", imageMistakes}, {"The first run", bootstrapMistakes},
		{"Instances", instanceMistakes}, {"Snapshots and instances that are there", objectMistakes},
	}
}

// TestMistakes makes each of them. With -update docs/errors.md is written anew.
func TestMistakes(t *testing.T) {
	t.Parallel()
	shop := newPhases(t, "shop")
	shop.build(t)
	one := shop.run(t, "--name", shop.name+"-one")
	book := readBook(t)
	for _, c := range chapters() {
		for _, m := range c.rows {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				tried := &try{T: t, shop: shop, one: one}
				tried.hide(shop, "shop")
				m.make(tried)
				book.check(t, m.name, tried.story())
			})
		}
	}
	t.Cleanup(func() { book.close(t) })
}

// try is one mistake being made.
type try struct {
	*testing.T
	// shop is a stack whose snapshot is there, and one an instance of it; other mistakes are made with them at the same time.
	shop *app
	one  *instance
	cli  cli
	// story of the command that made it
	shown  string
	result result
	masks  []string // pairs of what differs from run to run and what is shown for it
}

// bmo runs the command that is the mistake.
func (m *try) bmo(args ...string) {
	m.Helper()
	m.note(args)
	m.result = m.cli.run(m.T, args...)
}

// note says what the command is called in the story.
func (m *try) note(args []string) {
	var words []string
	for _, v := range m.cli.env {
		if strings.HasPrefix(v, "DOCKER_") && !strings.HasSuffix(v, "=") && !strings.HasPrefix(v, "DOCKER_CONFIG=") {
			words = append(words, v)
		}
	}
	words = append(append(append(words, "docker"), m.cli.docker...), "bmo")
	for i := 0; i < len(args); i++ {
		if n := len(suite.args); n > 0 && len(args)-i >= n && slices.Equal(args[i:i+n], suite.args) {
			i += n - 1
			continue
		}
		words = append(words, quoted(args[i]))
	}
	m.shown = strings.Join(words, " ")
}

// quoted is a word as one would type it.
func quoted(word string) string {
	if word == "" || strings.ContainsAny(word, " {}*") {
		return "'" + word + "'"
	}
	return word
}

// on runs the command that is the mistake on a stack.
func (m *try) on(a *app, verb string, more ...string) {
	m.Helper()
	m.bmo(a.args(verb, more...)...)
}

// stacks counts the stacks of rows.
var stacks atomic.Int64

// stack is a stack of the row's own, with changes; on disk it is called app.
func (m *try) stack(changes edits) *app {
	m.Helper()
	a := newMini(m.T, "mistake"+strconv.FormatInt(stacks.Add(1), 10), changes)
	m.hide(a, "app")
	return a
}

// hide shows a stack's folder and name as those of a user.
func (m *try) hide(a *app, name string) {
	m.masks = append(m.masks, a.dir, name, strings.TrimSuffix(a.dir, "/app"), "..", a.name, name)
}

// dockerfile is a stack with more in its Dockerfile, of which nothing is made.
func (m *try) dockerfile(more string) *app {
	m.Helper()
	a := m.stack(nil)
	a.write(m.T, "Dockerfile", "FROM debian:trixie-slim\n"+more+"\n")
	return a
}

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
	text := "$ " + m.shown + "\n" + m.result.stdout + m.result.stderr
	m.masks = append(m.masks, suite.dir, "~")
	text = strings.NewReplacer(m.masks...).Replace(text)
	for _, v := range varying {
		text = regexp.MustCompile(v.pattern).ReplaceAllString(text, v.shown)
	}
	var b strings.Builder
	for _, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString(strings.TrimRight("    "+l, " ") + "\n")
	}
	return b.String() + "\n" + exitLine(m.result.code)
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
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found[name] = story
	if !golden.FlagUpdate() {
		assert.Equal(t, story, b.want[name])
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
