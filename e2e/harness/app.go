package harness

import (
	"embed"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
)

// StackLabel bears a stack's name on all that is made for it.
const StackLabel = "docker-bmo.stack"

// App is an application's stack, copied to a folder and given a name of its own.
type App struct {
	Name string
	Dir  string // holds its Compose file
	CLI  CLI
	// Flags are given to every command on the stack.
	Flags []string
	// Folder reports that the folder is what the stack is called by, with all of its Compose files.
	Folder bool
}

// Edits maps places in a Compose file, such as services.web.tmpfs, to what stands there instead.
type Edits map[string]any

// NewDemo copies the built-in demo stack.
func NewDemo(t testing.TB, suffix string, changes Edits) *App {
	t.Helper()
	return NewApp(t, dockerfiles.FS, "demo", suffix, changes)
}

//go:embed testdata/mini
var mini embed.FS

// NewMini copies the stack in testdata/mini, which has no database and is made within two seconds.
func NewMini(t testing.TB, suffix string, changes Edits) *App {
	t.Helper()
	return NewApp(t, miniTree(t), "app", suffix, changes)
}

// CopyMini copies that stack to a folder, for a test that runs without Main.
func CopyMini(t testing.TB, dir, name string, changes Edits) *App {
	t.Helper()
	return copyApp(t, miniTree(t), dir, "app", name, changes)
}

func miniTree(t testing.TB) fs.FS {
	t.Helper()
	tree, err := fs.Sub(mini, "testdata/mini")
	assert.NilError(t, err)
	return tree
}

// NewApp copies the tree that a stack's folder lies in.
func NewApp(t testing.TB, tree fs.FS, folder, suffix string, changes Edits) *App {
	t.Helper()
	dir, err := os.MkdirTemp(Suite.Dir, suffix)
	assert.NilError(t, err)
	a := copyApp(t, tree, dir, folder, StackName(suffix), changes)
	t.Cleanup(func() { assert.NilError(t, a.Clear()) })
	return a
}

// NewExample takes the folder of a stack as it stands. Only the name is another one, in the way that Compose has for that.
func NewExample(t testing.TB, dir string) *App {
	t.Helper()
	dir, err := filepath.Abs(dir)
	assert.NilError(t, err)
	a := &App{Name: StackName(filepath.Base(dir)), Dir: dir, Folder: true}
	a.CLI = CLI{Env: []string{"COMPOSE_PROJECT_NAME=" + a.Name}, Patience: 10 * time.Minute}
	t.Cleanup(func() { assert.NilError(t, a.Clear()) })
	return a
}

func copyApp(t testing.TB, tree fs.FS, dir, folder, name string, changes Edits) *App {
	t.Helper()
	assert.NilError(t, os.CopyFS(dir, tree))
	a := &App{Name: name, Dir: filepath.Join(dir, folder)}
	a.Edit(t, changes)
	return a
}

// Edit changes the stack's Compose file.
func (a *App) Edit(t testing.TB, changes Edits) {
	t.Helper()
	file := map[string]any{}
	assert.NilError(t, yaml.Unmarshal([]byte(a.Read(t, "compose.yaml")), &file))
	file["name"] = a.Name
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
	a.Write(t, "compose.yaml", string(b))
}

// Read returns a file of the stack's folder.
func (a *App) Read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(a.Dir, filepath.FromSlash(name)))
	assert.NilError(t, err)
	return string(b)
}

// Write changes a file of the stack's folder.
func (a *App) Write(t testing.TB, name, text string) {
	t.Helper()
	assert.NilError(t, os.WriteFile(filepath.Join(a.Dir, filepath.FromSlash(path.Clean(name))), []byte(text), 0o644))
}

// Args are a command of docker bmo on this stack.
func (a *App) Args(verb string, more ...string) []string {
	name := filepath.Join(a.Dir, "compose.yaml")
	if a.Folder {
		name = a.Dir
	}
	return slices.Concat([]string{verb, "--stack", name}, Suite.Args, a.Flags, more)
}

// Start starts a command on the stack.
func (a *App) Start(t testing.TB, verb string, more ...string) *Process {
	t.Helper()
	return a.CLI.Start(t, a.Args(verb, more...)...)
}

// Do runs a command on the stack to its end.
func (a *App) Do(t testing.TB, verb string, more ...string) Result {
	t.Helper()
	return a.Start(t, verb, more...).Wait(t)
}

// Build makes the snapshot, or finds it, and returns its key as it is shown.
func (a *App) Build(t testing.TB, more ...string) string {
	t.Helper()
	return a.Do(t, "build", more...).OK(t).Text()
}

var names struct {
	sync.Mutex
	list []string
}

// StackName makes a name that is this run's own.
func StackName(suffix string) string {
	names.Lock()
	defer names.Unlock()
	name := Suite.ID + "-" + suffix
	names.list = append(names.list, name)
	return name
}

func stackNames() []string {
	names.Lock()
	defer names.Unlock()
	return slices.Clone(names.list)
}
