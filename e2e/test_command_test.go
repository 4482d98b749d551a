package e2e

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// The exit code is the test command's own, what it prints on standard output is all that is there, and its instance is
// gone.
func TestExitCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	for end, code := range map[string]int{"true": 0, "exit 7": 7, "kill -TERM $$": 128 + 15} {
		r := a.Do(t, "run", "--", "sh", "-c", `echo "$BMO_INSTANCE"; `+end)
		assert.Equal(t, r.Code, code, "%s", r.Stderr)
		assert.Equal(t, len(harness.Lines(r.Stdout)), 1, "%s", r.Stdout)
		harness.Removed(t, r.Text())
	}
	r := a.Do(t, "run", "--", "/nowhere/to/be/found").Fails(t, 127, "/nowhere/to/be/found")
	assert.Equal(t, r.Stdout, "")
}

// A test command is told how to reach the instance, and as whom.
func TestCommandIsToldWhereAndWho(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	in, typing, err := os.Pipe()
	assert.NilError(t, err)
	defer in.Close()
	defer typing.Close()
	c := harness.CLI{Stdin: in}
	p := c.Start(t, a.Args("run", "--", "sh", "-c", "env; echo end; cat; exit 5")...)
	p.Await(t, &p.Stdout, `(?m)^end$`)
	env := map[string]string{}
	for _, l := range harness.Lines(p.Stdout.String()) {
		k, v, _ := strings.Cut(l, "=")
		env[k] = v
	}
	b := harness.Tracker{URL: env["BMO_URL"], Key: env["BMO_API_KEY"]}
	id := b.Create(t, "TestProduct", "TestComponent", "from a test command")
	assert.Equal(t, b.Summary(t, id), "from a test command")

	var login struct{ Token string }
	b.Request(t, "POST", "/rest/login", map[string]string{"login": env["BMO_ADMIN_LOGIN"], "password": env["BMO_ADMIN_PASSWORD"]}, &login)
	assert.Assert(t, login.Token != "")
	assert.Assert(t, strings.Contains(harness.BMO(t, "ps", "--quiet").OK(t).Stdout, env["BMO_INSTANCE"]+"\n"))

	_, err = io.WriteString(typing, "typed\n")
	assert.NilError(t, err)
	assert.NilError(t, typing.Close())
	r := p.Wait(t).Fails(t, 5)
	assert.Assert(t, strings.HasSuffix(r.Stdout, "\nend\ntyped\n"), r.Stdout)
	harness.Removed(t, env["BMO_INSTANCE"])
}

// A command against each of two instances has that one's address alone, and the worse of two ends is the exit code.
func TestCommandAgainstEach(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	name := a.Name + "-shard"
	r := a.Do(t, "run", "-n", "2", "--name", name, "--", "sh", "-c", `echo "$BMO_SHARD/$BMO_SHARDS $BMO_INSTANCE $BMO_URL"; exit $((BMO_SHARD + 3))`)
	r.Fails(t, 5, "shard 1 of 2 failed: exit code 4; record: docker bmo logs "+name+"-1\n", "0 of 2 shards succeeded\n")
	lines := harness.Lines(r.Stdout)
	slices.Sort(lines)
	assert.Equal(t, len(lines), 2, r.Stdout)
	urls := map[string]bool{}
	for i, l := range lines {
		own := fmt.Sprintf("%s-%d", name, i+1)
		rest, found := strings.CutPrefix(l, fmt.Sprintf("%s | %d/2 %s http://", own, i+1, own))
		assert.Assert(t, found, l)
		urls[rest] = true
		harness.Removed(t, own)
	}
	assert.Equal(t, len(urls), 2)
}
