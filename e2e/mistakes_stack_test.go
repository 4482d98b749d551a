package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// edited makes a row of a build of a stack with changes.
func edited(name string, changes harness.Edits) mistake {
	return mistake{name, func(m *try) { m.on(m.stack(changes), "build", "-q") }}
}

// rewritten makes a row of a build of a stack whose Compose file has one text in another's place.
func rewritten(name, old, replacement string) mistake {
	return mistake{name, func(m *try) {
		a := m.stack(nil)
		text := a.Read(m.T, "compose.yaml")
		changed := strings.Replace(text, old, replacement, 1)
		assert.Assert(m, changed != text, "no %q in:\n%s", old, text)
		a.Write(m.T, "compose.yaml", changed)
		m.on(a, "build", "-q")
	}}
}

var stackMistakes = []mistake{
	says("A stack that is none", "build", "--stack", "shp"),
	{"A folder without a Compose file", func(m *try) {
		dir := m.TempDir()
		m.masks = append(m.masks, dir, "app")
		m.bmo("build", "--stack", dir)
	}},
	rewritten("A Compose file that is no YAML", "services:", "services: ["),
	edited("A key that is not supported", harness.Edits{"services.web.volumes": []string{"data:/data"}}),
	rewritten("A misspelt key", "environment:", "enviroment:"),
	rewritten("No name", "name: ", "x-name: "),
	edited("A variable that is not set", harness.Edits{"services.web.environment.PRICE": "${PRICE}"}),
	edited("A dependency that is none", harness.Edits{"services.web.depends_on": []string{"db"}}),
	edited("A number for a time", harness.Edits{"services.web.x-bmo.ready.timeout": 90}),
	edited("A build context that is not there", harness.Edits{"services.web.build.context": "./nowhere"}),
	edited("A named context that is not there", harness.Edits{"x-bmo.contexts.shared": map[string]string{"from": "../shard"}}),
	edited("A Dockerfile that is not there", harness.Edits{"services.web.build.dockerfile": "web.Dockerfile"}),
	{"What no build context can hold", func(m *try) {
		a := m.stack(nil)
		assert.NilError(m, syscall.Mkfifo(filepath.Join(a.Dir, "pipe"), 0o600))
		m.on(a, "build", "-q")
	}},
}

var sourceMistakes = []mistake{
	{"A folder that is no source tree of BMO", func(m *try) {
		dir := m.TempDir()
		m.masks = append(m.masks, dir, "src")
		m.bmo("build", "-q", "--source", dir)
	}},
	says("A source tree that is not there", "build", "-q", "--source", "/nowhere/bmo"),
	says("A source tree for a stack that has none", "build", "-q", "--stack", "demo", "--source", "."),
	says("A Git repository that cannot be reached", "build", "-q", "--source", "ssh://git@127.0.0.1:1/bmo.git"),
	says("A web page in place of a Git repository", "build", "-q", "--source", "https://github.com/mozilla-bteam/bmo"),
	says("A repository without its scheme", "build", "-q", "--source", "/github.com/mozilla-bteam/bmo"),
	{"A branch that is none", func(m *try) { m.bmo("build", "-q", "--source", repository(m)+"#nope") }},
	{"A repository of something else", func(m *try) { m.bmo("build", "-q", "--source", repository(m)) }},
	{"No space for what is fetched", func(m *try) {
		source := repository(m)
		m.cli.Put = onTinyDisk(filepath.Join(harness.Suite.Dir, "cache"))
		m.bmo("build", "-q", "--source", source)
	}},
}

// repository is a Git repository of this machine with a file of a megabyte in it.
func repository(m *try) (url string) {
	dir := m.TempDir()
	m.masks = append(m.masks, dir, "/srv/bmo.git")
	assert.NilError(m, os.WriteFile(filepath.Join(dir, "file"), []byte(strings.Repeat("0123456789abcdef", 1<<16)), 0o600))
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"add", "file"},
		{"-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message=x"},
	} {
		_, err := harness.Command("git", append([]string{"-C", dir}, args...)...)
		assert.NilError(m, err)
	}
	return "file://" + dir
}

// onTinyDisk lets a command find a folder on a disk of 256 KB.
func onTinyDisk(folder string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		script := `mkdir -p "$0" && mount -t tmpfs -o size=256k none "$0" && exec "$@"`
		cmd.Args = append([]string{"sh", "-c", script, folder}, cmd.Args...)
		cmd.Path = "/bin/sh"
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
}
