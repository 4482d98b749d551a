// Package errorsdoc holds docs/errors.md to what docker bmo says: every error in it is provoked by a test, and what
// is printed is compared with the document, or written into it by -update.
//
// Two tests share the document, each with chapters of its own: what fails before BuildKit or a container is asked for
// needs no engine but the fake one of package enginetest; all else is provoked on a real engine. Neither touches the
// chapters of the other.
package errorsdoc

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// The tests that provoke errors.
const (
	FakeEngine = "go test ./cmd/docker-bmo -run '^TestErrorsDoc$' -update"
	RealEngine = "go test ./e2e -run '^TestErrorsDoc$' -update"
)

// chapters are those of the document, in order, and what provokes their errors.
var chapters = []struct{ title, madeBy string }{
	{"The engine", RealEngine},
	{"The command line", FakeEngine},
	{"The stack", FakeEngine},
	{"The source tree", FakeEngine},
	{"The images", RealEngine},
	{"The first run", RealEngine},
	{"Instances", RealEngine},
	{"Snapshots and instances that are there", RealEngine},
}

const preface = "# Errors and what to do\n\n" +
	"<!-- Made by \"make e2e-errors\", which provokes each error. -->\n\n" +
	"The likeliest mistakes and troubles, and what `docker bmo` says of them: what failed, why, and after `hint:` what to\n" +
	"do next. The [exit codes](architecture.md#exit-codes) are docker's. `shop` and `app` are stacks of one service, in\n" +
	"folders of these names.\n"

// Chapter is a chapter of the document with the names of its errors, in order.
type Chapter struct {
	Title string
	Names []string
}

// Doc is the document.
type Doc struct {
	file   string
	madeBy string
	text   string            // as it is
	want   map[string]string // the text under each name

	mu    sync.Mutex
	found map[string]string
}

// Read reads the document, for a test that provokes the errors of the chapters that are made by it.
func Read(t testing.TB, file, madeBy string) *Doc {
	t.Helper()
	text, err := os.ReadFile(file)
	if !os.IsNotExist(err) {
		assert.NilError(t, err)
	}
	d := &Doc{file: file, madeBy: madeBy, text: string(text), want: map[string]string{}, found: map[string]string{}}
	for _, part := range strings.Split(d.text, "\n### ")[1:] {
		name, below, _ := strings.Cut(part, "\n\n")
		below, _, _ = strings.Cut(below, "\n## ")
		d.want[name] = strings.TrimRight(below, "\n") + "\n"
	}
	return d
}

// Check compares what a command has printed with the text under a name. An engine may have words of its own for what
// the document has in those of the newest one: reworded, unless it is nil, turns these into those.
func (d *Doc) Check(t testing.TB, name string, o Output, reworded func(string) string) {
	t.Helper()
	text, want := o.Text(), d.want[name]
	if reworded != nil {
		want = reworded(want)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found[name] = text; text == want {
		d.found[name] = d.want[name]
	}
	if !golden.FlagUpdate() {
		assert.Equal(t, text, want)
	}
}

// Close writes the test's chapters, or fails the test when there is something in them that nobody provokes any more. When
// not every error has been provoked, as with -run, the document stays as it is.
func (d *Doc) Close(t testing.TB, own []Chapter) {
	t.Helper()
	if t.Failed() || slices.ContainsFunc(own, func(c Chapter) bool { return !d.all(c.Names) }) {
		return
	}
	var text strings.Builder
	text.WriteString(preface)
	for _, c := range chapters {
		text.WriteString("\n## " + c.title + "\n\n<!-- Made by \"" + c.madeBy + "\". -->\n")
		if c.madeBy != d.madeBy {
			text.WriteString(d.chapter(c.title))
			continue
		}
		i := slices.IndexFunc(own, func(o Chapter) bool { return o.Title == c.title })
		assert.Assert(t, i >= 0, "nobody provokes the errors of %q", c.title)
		for _, name := range own[i].Names {
			text.WriteString("\n### " + name + "\n\n" + d.found[name])
		}
	}
	if golden.FlagUpdate() {
		assert.NilError(t, os.WriteFile(d.file, []byte(text.String()), 0o644))
		return
	}
	assert.Equal(t, d.text, text.String())
}

func (d *Doc) all(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { _, ok := d.found[n]; return !ok })
}

// chapter is the errors of a chapter as they are in the document.
func (d *Doc) chapter(title string) string {
	_, below, found := strings.Cut(d.text, "\n## "+title+"\n")
	if !found {
		return ""
	}
	below, _, _ = strings.Cut(below, "\n## ")
	_, errors, found := strings.Cut(below, "\n### ")
	if !found {
		return ""
	}
	return "\n### " + strings.TrimRight(errors, "\n") + "\n"
}
