package errorsdoc

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// document is one with an error in two chapters, each of another test.
func document(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "errors.md")
	assert.NilError(t, flag.Set("update", "true"))
	defer func() { assert.NilError(t, flag.Set("update", "false")) }()
	for _, madeBy := range []string{FakeEngine, RealEngine} {
		d := Read(t, file, madeBy)
		for _, c := range own(madeBy) {
			d.Check(t, c.Names[0], Output{Command: "docker bmo build", Stderr: "error: in " + c.Title + "\n", Code: 1}, nil)
		}
		d.Close(t, own(madeBy))
	}
	return file
}

// own are the chapters of a test, each with one error.
func own(madeBy string) (list []Chapter) {
	for _, c := range chapters {
		if c.madeBy == madeBy {
			list = append(list, Chapter{c.title, []string{"One of " + c.title}})
		}
	}
	return list
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	assert.NilError(t, err)
	return string(text)
}

// A test writes its own chapters and leaves those of the other as they are.
func TestChaptersOfTwoTests(t *testing.T) {
	text := read(t, document(t))
	at := 0
	for _, c := range chapters {
		want := "\n## " + c.title + "\n\n<!-- Made by \"" + c.madeBy + "\". -->\n\n### One of " + c.title +
			"\n\n    $ docker bmo build\n    error: in " + c.title + "\n\nExit code 1.\n"
		i := strings.Index(text[at:], want)
		assert.Assert(t, i >= 0, "no\n%s\nin\n%s", want, text[at:])
		at += i
	}
}

// What is as it was passes, by either test; a part of the errors says nothing about the whole.
func TestCheckPasses(t *testing.T) {
	file := document(t)
	for _, madeBy := range []string{FakeEngine, RealEngine} {
		d := Read(t, file, madeBy)
		d.Close(t, own(madeBy)) // nothing was provoked
		for _, c := range own(madeBy) {
			d.Check(t, c.Names[0], Output{Command: "docker bmo build", Stdout: "error: in " + c.Title, Code: 1}, nil)
		}
		d.Close(t, own(madeBy))
	}
}

// An engine's own words are compared, and the document keeps those of the newest one.
func TestReworded(t *testing.T) {
	d := Read(t, document(t), RealEngine)
	older := func(text string) string { return strings.Replace(text, "error: in", "error: unknown in", 1) }
	for _, c := range own(RealEngine) {
		d.Check(t, c.Names[0], Output{Command: "docker bmo build", Stdout: "error: unknown in " + c.Title, Code: 1}, older)
	}
	d.Close(t, own(RealEngine))
}

func TestText(t *testing.T) {
	o := Output{
		Command: Words("docker", "bmo", "run", "--name", "my shop", "", "{{.URL}}"),
		Stdout:  "app-12ab34 at 127.0.0.1:31234 \r\n",
		Stderr:  "error: /tmp/xyz/app: not ready after 4.01s\n\n",
		Code:    124, Masks: []string{"/tmp/xyz/app", "app"},
	}
	assert.Equal(t, o.Text(), "    $ docker bmo run --name 'my shop' '' '{{.URL}}'\n    app-1a2b3c at 127.0.0.1:5000\n"+
		"    error: app: not ready after 4s\n\nExit code 124.\n")
}
