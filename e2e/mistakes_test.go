package e2e

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
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
	shop.Build(t)
	one := shop.Run(t, "--name", shop.Name+"-one")
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
	shop *harness.App
	one  *harness.Instance
	cli  harness.CLI
	// story of the command that made it
	shown  string
	result harness.Result
	masks  []string // pairs of what differs from run to run and what is shown for it
}

// bmo runs the command that is the mistake.
func (m *try) bmo(args ...string) {
	m.Helper()
	m.note(args)
	m.result = m.cli.Run(m.T, args...)
}

// note says what the command is called in the story.
func (m *try) note(args []string) {
	var words []string
	for _, v := range m.cli.Env {
		if strings.HasPrefix(v, "DOCKER_") && !strings.HasSuffix(v, "=") && !strings.HasPrefix(v, "DOCKER_CONFIG=") {
			words = append(words, v)
		}
	}
	words = append(append(append(words, "docker"), m.cli.Docker...), "bmo")
	for i := 0; i < len(args); i++ {
		if n := len(harness.Suite.Args); n > 0 && len(args)-i >= n && slices.Equal(args[i:i+n], harness.Suite.Args) {
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
func (m *try) on(a *harness.App, verb string, more ...string) {
	m.Helper()
	m.bmo(a.Args(verb, more...)...)
}

// stacks counts the stacks of rows.
var stacks atomic.Int64

// stack is a stack of the row's own, with changes; on disk it is called app.
func (m *try) stack(changes harness.Edits) *harness.App {
	m.Helper()
	a := harness.NewMini(m.T, "mistake"+strconv.FormatInt(stacks.Add(1), 10), changes)
	m.hide(a, "app")
	return a
}

// hide shows a stack's folder and name as those of a user.
func (m *try) hide(a *harness.App, name string) {
	m.masks = append(m.masks, a.Dir, name, strings.TrimSuffix(a.Dir, "/app"), "..", a.Name, name)
}

// dockerfile is a stack with more in its Dockerfile, of which nothing is made.
func (m *try) dockerfile(more string) *harness.App {
	m.Helper()
	a := m.stack(nil)
	a.Write(m.T, "Dockerfile", "FROM debian:trixie-slim\n"+more+"\n")
	return a
}
