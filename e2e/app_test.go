package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
)

// stackLabel bears a stack's name on all that is made for it.
const stackLabel = "docker-bmo.stack"

// app is an application's stack, copied to a folder and given a name of its own.
type app struct {
	name string
	dir  string // holds its Compose file
	cli  cli
	// flags are given to every command on the stack.
	flags []string
}

// edits maps places in a Compose file, such as services.web.tmpfs, to what stands there instead.
type edits map[string]any

// newDemo copies the built-in demo stack.
func newDemo(t testing.TB, suffix string, changes edits) *app {
	t.Helper()
	return newApp(t, dockerfiles.FS, "demo", suffix, changes)
}

// newMini copies the stack in testdata/mini, which has no database and is made within two seconds.
func newMini(t testing.TB, suffix string, changes edits) *app {
	t.Helper()
	return newApp(t, os.DirFS("testdata/mini"), "app", suffix, changes)
}

// newApp copies the tree that a stack's folder lies in.
func newApp(t testing.TB, tree fs.FS, folder, suffix string, changes edits) *app {
	t.Helper()
	dir, err := os.MkdirTemp(suite.dir, suffix)
	assert.NilError(t, err)
	assert.NilError(t, os.CopyFS(dir, tree))
	a := &app{name: stackName(suffix), dir: filepath.Join(dir, folder)}
	a.edit(t, changes)
	t.Cleanup(func() { assert.NilError(t, a.clear()) })
	return a
}

// edit changes the stack's Compose file.
func (a *app) edit(t testing.TB, changes edits) {
	t.Helper()
	file := map[string]any{}
	assert.NilError(t, yaml.Unmarshal([]byte(a.read(t, "compose.yaml")), &file))
	file["name"] = a.name
	for place, value := range changes {
		m, keys := file, strings.Split(place, ".")
		for _, k := range keys[:len(keys)-1] {
			if m[k] == nil {
				m[k] = map[string]any{}
			}
			m = m[k].(map[string]any)
		}
		m[keys[len(keys)-1]] = value
	}
	b, err := yaml.Marshal(file)
	assert.NilError(t, err)
	a.write(t, "compose.yaml", string(b))
}

// read returns a file of the stack's folder.
func (a *app) read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(a.dir, filepath.FromSlash(name)))
	assert.NilError(t, err)
	return string(b)
}

// write changes a file of the stack's folder.
func (a *app) write(t testing.TB, name, text string) {
	t.Helper()
	assert.NilError(t, os.WriteFile(filepath.Join(a.dir, filepath.FromSlash(path.Clean(name))), []byte(text), 0o644))
}

// args are a command of docker bmo on this stack.
func (a *app) args(verb string, more ...string) []string {
	return slices.Concat([]string{verb, "--stack", filepath.Join(a.dir, "compose.yaml")}, suite.args, a.flags, more)
}

// start starts a command on the stack.
func (a *app) start(t testing.TB, verb string, more ...string) *process {
	t.Helper()
	return a.cli.start(t, a.args(verb, more...)...)
}

// do runs a command on the stack to its end.
func (a *app) do(t testing.TB, verb string, more ...string) result {
	t.Helper()
	return a.start(t, verb, more...).wait(t)
}

// build makes the snapshot, or finds it, and returns its key as it is shown.
func (a *app) build(t testing.TB, more ...string) string {
	t.Helper()
	return a.do(t, "build", more...).ok(t).text()
}

// instance is what `run --format json` prints.
type instance struct {
	Name, URL, Key, Stack string
	Services, Env         map[string]string
}

// run starts an instance that is removed when the test ends.
func (a *app) run(t testing.TB, more ...string) *instance {
	t.Helper()
	return parseInstance(t, a.do(t, "run", append([]string{"--detach", "--format", "json"}, more...)...).ok(t))
}

func parseInstance(t testing.TB, r result) *instance {
	t.Helper()
	i := &instance{}
	assert.NilError(t, json.Unmarshal([]byte(r.stdout), i), "%s", r.stdout)
	t.Cleanup(func() { i.remove(t) })
	return i
}

// remove removes the instance without waiting for its services; one that is gone is fine.
func (i *instance) remove(t testing.TB) {
	t.Helper()
	if out := docker(t, "network", "ls", "--quiet", "--filter", "label=docker-bmo.instance="+i.Name); out != "" {
		bmo(t, "stop", "--timeout", "0", i.Name).ok(t)
	}
}

// snapshot is a line of `snapshot ls --format json`.
type snapshot struct{ Key, Stack, Services, CreatedAt, Size string }

// snapshots are the stack's, newest first.
func (a *app) snapshots(t testing.TB) []snapshot {
	t.Helper()
	var list []snapshot
	for _, l := range lines(bmo(t, "snapshot", "ls", "--format", "json").ok(t).stdout) {
		var s snapshot
		assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
		if s.Stack == a.name {
			list = append(list, s)
		}
	}
	return list
}

// keys are those of the stack's snapshots, newest first.
func (a *app) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for _, s := range a.snapshots(t) {
		keys = append(keys, s.Key)
	}
	return keys
}

// image is the name of a service's image in the stack's snapshot.
func (a *app) image(t testing.TB, key, service string) string {
	t.Helper()
	id := docker(t, "images", "--no-trunc", "--quiet", "--filter", "label="+stackLabel+"="+a.name,
		"--filter", "label=docker-bmo.service="+service, "--filter", "reference=docker-bmo/*:"+key)
	assert.Equal(t, len(lines(id)), 1, "images of %s: %s", service, id)
	return id
}

// rest is what the engine has of the stack beside its snapshots' images.
func (a *app) rest(t testing.TB) []string {
	t.Helper()
	all, err := observe(stackLabel + "=" + a.name)
	assert.NilError(t, err)
	sealed, err := observe(stackLabel+"="+a.name, "docker-bmo.role=snapshot")
	assert.NilError(t, err)
	return slices.DeleteFunc(all, func(o string) bool { return slices.Contains(sealed, o) })
}

// leavesNothing fails the test when the engine has anything of the stack beside its snapshots' images. Nothing is
// swept for that: it must be so already.
func (a *app) leavesNothing(t testing.TB) {
	t.Helper()
	assert.Equal(t, strings.Join(a.rest(t), "\n"), "")
}

// clear removes the stack's snapshots.
func (a *app) clear() error {
	_, err := command("docker", "bmo", "prune", "--all", "--force", "--stack", a.name)
	return err
}

var names struct {
	sync.Mutex
	list []string
}

// stackName makes a name that is this run's own.
func stackName(suffix string) string {
	names.Lock()
	defer names.Unlock()
	name := suite.id + "-" + suffix
	names.list = append(names.list, name)
	return name
}

func stackNames() []string {
	names.Lock()
	defer names.Unlock()
	return slices.Clone(names.list)
}
