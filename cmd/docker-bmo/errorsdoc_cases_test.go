//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

var commandLineErrors = []errorCase{
	plain("A misspelt command", "biuld"),
	plain("A flag that is none", "ps", "--nonsense"),
	plain("A command's flag in front of it", "--stack", "demo", "build"),
	plain("A stack without its flag", "build", "demo"),
	plain("A folder as for docker build", "build", "."),
	plain("A test command without its dashes", "run", "--stack", "demo", "prove", "-r", "t/"),
	plain("No number where one is wanted", "run", "-n", "x"),
	plain("No instance at all", "run", "-n", "0"),
	plain("A test command in the background", "run", "-d", "--", "prove", "-r", "t/"),
	plain("Tests without a command", "test", "--files", "t/*.t"),
	plain("Tests that are nowhere", "test", "--files", "t/**/*.t", "--", "prove", "{}"),
	plain("An instance for neither a file nor a shard", "test", "--fresh", "test", "--", "prove", "{}"),
	plain("Building and not building", "run", "--no-build", "--pull"),
	plain("A database that is none of the two", "build", "--db", "postgres"),
	plain("A variable without a value", "build", "--stack", "demo", "--set", "MYSQL_IMAGE"),
	plain("A variable that the stack does not have", "build", "--stack", "bmo", "--set", "MYSQL_IMGAE=mysql:8.4"),
	plain("A build context without its folder", "build", "--stack", "demo", "--build-context", "app"),
	plain("A format with a field that is none", "run", "--stack", "demo", "-d", "--format", "{{.Address}}"),
	plain("A display that is none", "build", "--stack", "demo", "--progress", "loud"),
	plain("A platform that the engine does not have", "build", "--stack", "demo", "--platform", "windows/386"),
	plain("A label of ours", "build", "--stack", "demo", "--label", "docker-bmo.key=mine"),
	plain("A flavor that is none", "run", "--stack", "demo", "--flavor", "huge"),
	plain("A port for everybody", "run", "--stack", "demo", "-p", "0.0.0.0:80:8000"),
	plain("A port of a service that is none", "run", "--stack", "demo", "-p", "nope:80"),
	plain("A name that is none", "run", "--stack", "demo", "--name", "my shop"),
	plain("A cluster that is none", "ps", "--on", "swarm"),
	plain("A user's own files on a cluster", "run", "--stack", "demo", "--on", "kubernetes", "--live"),
	{"A file that holds no snapshot", func(a *attempt) {
		file := filepath.Join(a.dir, "shop.tar.zst")
		assert.NilError(a, os.WriteFile(file, []byte(strings.Repeat("price\n", 1000)), 0o600))
		a.bmo("snapshot", "load", "-i", file)
	}},
	{"A private key to verify by", func(a *attempt) { a.bmo("pull", "--verify", a.key(), "registry.example/team/shop:1a2b3c4d5e6f") }},
	{"A key whose password nobody knows", func(a *attempt) { a.bmo("push", "--sign", a.key(), "1a2b3c4d5e6f", "registry.example/team/shop") }},
	plain("Provenance with all that may be secret", "push", "--provenance", "mode=max", "1a2b3c4d5e6f", "registry.example/team/shop"),
	plain("An attestation of what stays here", "build", "--stack", "demo", "--provenance", "true"),
	{"A file in a folder that is not there", func(a *attempt) {
		dir := a.TempDir()
		s := harness.CopyMini(a.T, dir, "shop", nil)
		a.mask(s.Dir, "shop")
		a.build(s, "--iidfile", filepath.Join(a.dir, "nowhere", "key"))
	}},
}

var stackErrors = []errorCase{
	plain("A stack that is none", "build", "--stack", "shp"),
	{"A folder without a Compose file", func(a *attempt) { a.bmo("build", "--stack", a.folder("app")) }},
	rewritten("A Compose file that is no YAML", "services:", "services: ["),
	edited("A key that is not supported", harness.Edits{"services.web.network_mode": "host"}),
	rewritten("A misspelt key", "environment:", "enviroment:"), //nolint:misspell // on purpose
	edited("A variable that is not set", harness.Edits{"services.web.environment.PRICE": "${PRICE:?the price}"}),
	edited("A dependency that is none", harness.Edits{"services.web.depends_on": []string{"db"}}),
	edited("A number for a time", harness.Edits{"services.web.x-bmo.ready.timeout": 90}),
	edited("A build context that is not there", harness.Edits{"services.web.build.context": "./nowhere"}),
	edited("A named context that is not there", harness.Edits{"x-bmo.contexts.shared": map[string]string{"from": "../shard"}}),
	edited("A Dockerfile that is not there", harness.Edits{"services.web.build.dockerfile": "web.Dockerfile"}),
	{"What no build context can hold", func(a *attempt) {
		s := a.stack(nil)
		assert.NilError(a, os.WriteFile(filepath.Join(s.Dir, "price\xff"), nil, 0o600))
		a.build(s, "-q")
	}},
}

var sourceErrors = []errorCase{
	{"A folder that is no source tree of BMO", func(a *attempt) { a.bmo("build", "-q", "--source", a.folder("src")) }},
	plain("A source tree that is not there", "build", "-q", "--source", "/nowhere/bmo"),
	plain("A source tree for a stack that has none", "build", "-q", "--stack", "demo", "--source", "."),
	plain("A Git repository that cannot be reached", "build", "-q", "--source", "ssh://git@127.0.0.1:1/bmo.git"),
	plain("A web page in place of a Git repository", "build", "-q", "--source", "https://github.com/mozilla-bteam/bmo"),
	plain("A repository without its scheme", "build", "-q", "--source", "/github.com/mozilla-bteam/bmo"),
	{"A branch that is none", func(a *attempt) { a.bmo("build", "-q", "--source", repository(a)+"#nope") }},
	{"A repository of something else", func(a *attempt) { a.bmo("build", "-q", "--source", repository(a)) }},
	{"No space for what is fetched", func(a *attempt) {
		source := repository(a)
		a.wrap = onTinyDisk(filepath.Join(a.dir, "cache"))
		a.bmo("build", "-q", "--source", source)
	}},
}

// key returns a file with a private key that has a password.
func (a *attempt) key() (file string) {
	text, err := os.ReadFile(privateKey)
	assert.NilError(a, err)
	file = filepath.Join(a.dir, "cosign.key")
	assert.NilError(a, os.WriteFile(file, text, 0o600))
	return file
}

// repository creates a Git repository with a file of one megabyte in it.
func repository(a *attempt) (url string) {
	a.Helper()
	dir := a.folder("/srv/bmo.git")
	assert.NilError(a, os.WriteFile(filepath.Join(dir, "file"), []byte(strings.Repeat("0123456789abcdef", 1<<16)), 0o600))
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "file"},
		{"-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message=x"},
	} {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		assert.NilError(a, err, "%s", out)
	}
	return "file://" + dir
}

// onTinyDisk mounts a disk of 256 KB as a folder for a command.
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
