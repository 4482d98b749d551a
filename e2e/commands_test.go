package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestRunPrintsOneObject(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	r := a.do(t, "run", "-d", "--format", "json").ok(t)
	assert.Equal(t, len(lines(r.stdout)), 1)
	i := parseInstance(t, r)
	assert.Equal(t, i.Stack, a.name)
	assert.Equal(t, i.Key[:len(key)], key)
	assert.Equal(t, i.Env["BMO_INSTANCE"], i.Name)
	assert.Equal(t, i.Env["BMO_URL"], i.URL)
	assert.Equal(t, len(i.Services), 2)
	for service, id := range i.Services {
		assert.Equal(t, docker(t, "inspect", "--format", `{{index .Config.Labels "docker-bmo.service"}} {{.State.Status}}`, id), service+" running")
	}
	i.tracker().answers(t)
}

func TestRunDetachedPrintsTheName(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	r := a.do(t, "run", "--detach", "--quiet").ok(t)
	assert.Equal(t, r.stderr, "")
	name := r.text()
	t.Cleanup(func() { (&instance{Name: name}).remove(t) })

	var row struct{ Name, Stack, Snapshot, State, Status, URL string }
	for _, l := range lines(bmo(t, "ps", "--format", "json").ok(t).stdout) {
		if strings.Contains(l, `"`+name+`"`) {
			assert.NilError(t, json.Unmarshal([]byte(l), &row))
		}
	}
	assert.Equal(t, row.Name+" "+row.Stack+" "+row.Snapshot+" "+row.State, name+" "+a.name+" "+key+" running")
	assert.Assert(t, strings.HasPrefix(row.Status, "Up "), row.Status)
	tracker{url: row.URL}.answers(t)

	assert.Equal(t, bmo(t, "stop", name).ok(t).text(), name)
	removed(t, name)
	bmo(t, "stop", name).fails(t, 1, "no such instance: "+name)
}

func TestBuildQuietPrintsTheKeyOnly(t *testing.T) {
	t.Parallel()
	a := newMini(t, "quiet", nil)
	r := a.do(t, "build", "--quiet").ok(t)
	assert.Equal(t, r.stderr, "")
	assert.DeepEqual(t, lines(r.stdout), a.keys(t))
}

func TestUnknownCommandFails(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"biuld"}, {"snapshot", "sl"}, {"--no-such-flag"}, {"run", "stray"}} {
		r := bmo(t, args...)
		assert.Assert(t, r.code == 1 || r.code == 125, "%v: exit code %d", args, r.code)
		assert.Equal(t, r.stdout, "")
		assert.Assert(t, r.stderr != "")
	}
}

// An unknown or unsupported key of a Compose file is named, with its place.
func TestUnsupportedKeyIsRefused(t *testing.T) {
	t.Parallel()
	a := newMini(t, "unsupported", edits{"services.web.volumes": []string{"data:/data"}})
	a.do(t, "build").fails(t, 1, "services.web.volumes", "hint: ")
}
