package e2e

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/errorsdoc"
	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// errorCase is an error of docs/errors.md, and how it comes about.
type errorCase struct {
	name    string
	provoke func(*attempt)
}

// errorChapter is a chapter of docs/errors.md whose errors need a real engine, or docker's own part of the command
// line. The others are provoked in cmd/docker-bmo.
type errorChapter struct {
	title string
	cases []errorCase
}

// errorChapters is a function since the cases of engines on other machines are not known everywhere.
func errorChapters() []errorChapter {
	return []errorChapter{
		{"The engine", engineErrors},
		{"The images", imageErrors},
		{"The first run", bootstrapErrors},
		{"Instances", instanceErrors},
		{"Snapshots and instances that are there", objectErrors},
	}
}

const errorsFile = "../docs/errors.md"

// TestErrorsDoc provokes every error. With -update the chapters are written again.
func TestErrorsDoc(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	doc := errorsdoc.Read(t, errorsFile, errorsdoc.RealEngine)
	provoke := provoker(t, doc, "shop")
	var own []errorsdoc.Chapter
	for _, c := range errorChapters() {
		chapter := errorsdoc.Chapter{Title: c.title}
		for _, e := range c.cases {
			chapter.Names = append(chapter.Names, e.name)
			provoke(e)
		}
		own = append(own, chapter)
	}
	t.Cleanup(func() { doc.Close(t, own) })
}

// TestErrorsThatEnginesWord provokes those errors whose text is the engine's and differs between releases, so that it
// is compared on each of them.
func TestErrorsThatEnginesWord(t *testing.T) {
	t.Parallel()
	names := []string{
		"A step whose program is not in the image", "A command that the service does not have", "An account that the service does not have",
	}
	provoke, provoked := provoker(t, errorsdoc.Read(t, errorsFile, errorsdoc.RealEngine), "worded"), 0
	for _, c := range errorChapters() {
		for _, e := range c.cases {
			if slices.Contains(names, e.name) {
				provoke(e)
				provoked++
			}
		}
	}
	assert.Equal(t, provoked, len(names))
}

// wording turns what the newest engine says into the words of the one that is there. Before 28.0 (API 1.48) engines end
// what they say of a program that is not there with the kind of error, and what docker exec cannot start has exit code
// 126 throughout.
func wording(t testing.TB) func(string) string {
	t.Helper()
	minor, err := strconv.Atoi(strings.TrimPrefix(harness.Docker(t, "version", "--format", "{{.Server.APIVersion}}"), "1."))
	assert.NilError(t, err)
	if minor >= 48 {
		return nil
	}
	return strings.NewReplacer(
		"not found in $PATH\n\nExit code 127.", "not found in $PATH: unknown\n\nExit code 126.",
		"not found in $PATH\n", "not found in $PATH: unknown\n",
		"    error: unable to find user nobody-there: no matching entries in passwd file\n\nExit code 1.",
		"    unable to find user nobody-there: no matching entries in passwd file\n\nExit code 126.",
	).Replace
}

// provoker returns what provokes an error in a test of its own, and compares what is said with the document.
func provoker(t *testing.T, doc *errorsdoc.Doc, suffix string) func(errorCase) {
	t.Helper()
	shop := newPhases(t, suffix)
	shop.Build(t)
	one, reworded := shop.Run(t, "--name", shop.Name+"-one"), wording(t)
	return func(e errorCase) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			a := &attempt{T: t, shop: shop, one: one}
			a.maskStack(shop, "shop")
			e.provoke(a)
			doc.Check(t, e.name, a.output(), reworded)
		})
	}
}

// attempt is one error being provoked.
type attempt struct {
	*testing.T
	// shop is a stack whose snapshot is there, and one an instance of it; other errors are provoked with them at the
	// same time.
	shop *harness.App
	one  *harness.Instance
	cli  harness.CLI
	// what the command that goes wrong is called, and how it ended
	command string
	result  harness.Result
	masks   []string
}

// output is what a user sees.
func (a *attempt) output() errorsdoc.Output {
	return errorsdoc.Output{
		Command: a.command, Stdout: a.result.Stdout, Stderr: a.result.Stderr, Code: a.result.Code,
		Masks: append(a.masks, harness.Suite.Dir, "~"),
	}
}

// bmo runs the command that goes wrong.
func (a *attempt) bmo(args ...string) {
	a.Helper()
	a.note(args)
	a.result = a.cli.Run(a.T, args...)
}

// on runs the command that goes wrong on a stack.
func (a *attempt) on(s *harness.App, verb string, more ...string) {
	a.Helper()
	a.bmo(s.Args(verb, more...)...)
}

// note says what the command is called: with the environment that a user would give it, and without what the tests'
// engine needs.
func (a *attempt) note(args []string) {
	var words []string
	for _, v := range a.cli.Env {
		if strings.HasPrefix(v, "DOCKER_") && !strings.HasSuffix(v, "=") && !strings.HasPrefix(v, "DOCKER_CONFIG=") {
			words = append(words, v)
		}
	}
	words = append(append(append(words, "docker"), a.cli.Docker...), "bmo")
	for i := 0; i < len(args); i++ {
		if n := len(harness.Suite.Args); n > 0 && len(args)-i >= n && slices.Equal(args[i:i+n], harness.Suite.Args) {
			i += n - 1
			continue
		}
		words = append(words, args[i])
	}
	a.command = errorsdoc.Words(words...)
}

// mask shows something else for what differs from run to run. What is masked first counts first.
func (a *attempt) mask(pairs ...string) { a.masks = append(a.masks, pairs...) }

// maskStack shows a stack's folder and name as those of a user.
func (a *attempt) maskStack(s *harness.App, name string) {
	a.mask(s.Dir, name, strings.TrimSuffix(s.Dir, "/app"), "..", s.Name, name)
}

// stacks counts the stacks of cases.
var stacks atomic.Int64

// stack is a stack of the case's own, with changes; on disk it is called app.
func (a *attempt) stack(changes harness.Edits) *harness.App {
	a.Helper()
	s := harness.NewMini(a.T, "case"+strconv.FormatInt(stacks.Add(1), 10), changes)
	a.maskStack(s, "app")
	return s
}

// dockerfile is a stack with more in its Dockerfile, of which nothing is made.
func (a *attempt) dockerfile(more string) *harness.App {
	a.Helper()
	s := a.stack(nil)
	s.Write(a.T, "Dockerfile", "FROM debian:trixie-slim\n"+more+"\n")
	return s
}

// plain makes a case of a command without a stack of its own.
func plain(name string, args ...string) errorCase {
	return errorCase{name, func(a *attempt) { a.bmo(args...) }}
}

// onShop makes a case of a command on a stack whose snapshot is there.
func onShop(name, verb string, args ...string) errorCase {
	return errorCase{name, func(a *attempt) { a.on(a.shop, verb, args...) }}
}
