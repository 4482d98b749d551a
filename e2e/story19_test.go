package e2e

import (
	"io"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// The exit code is the test command's own, what it prints on standard output is all that is there, and its instance is
// gone.
func TestStory19ExitCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	for end, code := range map[string]int{"true": 0, "exit 7": 7, "kill -TERM $$": 128 + 15} {
		r := a.do(t, "run", "--", "sh", "-c", `echo "$BMO_INSTANCE"; `+end)
		assert.Equal(t, r.code, code, "%s", r.stderr)
		assert.Equal(t, len(lines(r.stdout)), 1, "%s", r.stdout)
		removed(t, r.text())
	}
	r := a.do(t, "run", "--", "/nowhere/to/be/found").fails(t, 127, "/nowhere/to/be/found")
	assert.Equal(t, r.stdout, "")
}

// removed fails the test when anything is left of an instance.
func removed(t testing.TB, name string) {
	t.Helper()
	assert.Assert(t, name != "")
	left, err := observe("docker-bmo.instance=" + name)
	assert.NilError(t, err)
	assert.Equal(t, strings.Join(left, "\n"), "")
}

// A test command is told how to reach the instance, and as whom.
func TestStory19CommandIsToldWhereAndWho(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	in, typing, err := os.Pipe()
	assert.NilError(t, err)
	defer in.Close()
	defer typing.Close()
	c := cli{stdin: in}
	p := c.start(t, a.args("run", "--", "sh", "-c", "env; echo end; cat; exit 5")...)
	p.await(t, &p.stdout, `(?m)^end$`)
	env := map[string]string{}
	for _, l := range lines(p.stdout.String()) {
		k, v, _ := strings.Cut(l, "=")
		env[k] = v
	}
	b := tracker{url: env["BMO_URL"], key: env["BMO_API_KEY"]}
	id := b.create(t, "TestProduct", "TestComponent", "from a test command")
	assert.Equal(t, b.summary(t, id), "from a test command")

	var login struct{ Token string }
	b.request(t, "POST", "/rest/login", map[string]string{"login": env["BMO_ADMIN_LOGIN"], "password": env["BMO_ADMIN_PASSWORD"]}, &login)
	assert.Assert(t, login.Token != "")
	assert.Assert(t, strings.Contains(bmo(t, "ps", "--quiet").ok(t).stdout, env["BMO_INSTANCE"]+"\n"))

	_, err = io.WriteString(typing, "typed\n")
	assert.NilError(t, err)
	assert.NilError(t, typing.Close())
	r := p.wait(t).fails(t, 5)
	assert.Assert(t, strings.HasSuffix(r.stdout, "\nend\ntyped\n"), r.stdout)
	removed(t, env["BMO_INSTANCE"])
}

// Containers failed to stop, and tests went red for it: the exit code stays the command's own when an instance cannot
// be removed, here because something else is in its network.
func TestStory19TeardownTroubleDoesNotChangeTheExitCode(t *testing.T) {
	a := newMini(t, "trouble", nil)
	key := a.build(t)
	name := a.name + "-guest"
	script := `docker run --detach --rm --name "$0" --network "docker-bmo-$INSTANCE" "$1" sleep infinity >&2; exit 7`
	t.Cleanup(func() { docker(t, "rm", "--force", name) })
	a.edit(t, edits{"x-bmo.env.INSTANCE": "{{.Instance}}"})
	assert.Assert(t, a.build(t) != key)

	r := a.do(t, "run", "--", "sh", "-c", script, name, a.image(t, key, "web")).fails(t, 7, "warning: remove instance")
	assert.Equal(t, strings.Count(r.stderr, "warning: "), 1, "trouble is reported more than once:\n%s", r.stderr)

	// What is left goes when it can.
	docker(t, "rm", "--force", name)
	bmo(t, "ps").ok(t)
	a.leavesNothing(t)
}
