package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// startRun runs `run -d` on the terminal's stack, quietly.
func (x *terminal) startRun(args ...string) int {
	x.t.Helper()
	return x.run(append([]string{"run", "-d", "--stack", x.file, "--progress", "quiet"}, args...)...)
}

// container returns a service's container of an instance.
func (x *terminal) container(instance, service string) enginetest.Container {
	x.t.Helper()
	c, ok := x.Container("docker-bmo-" + instance + "-" + service)
	assert.Assert(x.t, ok, "%s of %s: %v", service, instance, x.Objects())
	return c
}

func TestRunMany(t *testing.T) {
	x := newTerminal(t)
	x.current()
	assert.Equal(t, x.startRun("-n", "3", "--parallel", "1", "--name", "shop"), 0)
	assert.Equal(t, x.out, "shop-1\nshop-2\nshop-3\n")
	x.golden("run-many")
	assert.Equal(t, x.startRun("-n", "2", "-q"), 0)
	assert.Equal(t, strings.Count(x.out, "\n"), 2)
	assert.Equal(t, x.err, "")
	assert.Equal(t, x.run("ps", "-q"), 0)
	assert.Equal(t, strings.Count(x.out, "\n"), 5)
}

func TestRunFormat(t *testing.T) {
	x := newTerminal(t)
	x.current()
	assert.Equal(t, x.startRun("-n", "2", "--parallel", "1", "--name", "shop", "--format", "json"), 0)
	x.golden("run-json")
	names := []string{}
	for line := range strings.Lines(x.out) {
		var one struct{ Name string }
		assert.NilError(t, json.Unmarshal([]byte(line), &one), "one object a line")
		names = append(names, one.Name)
	}
	assert.DeepEqual(t, names, []string{"shop-1", "shop-2"})
	assert.Equal(t, x.startRun("--name", "other", "--format", `{{.Name}} {{.Flavor}} {{index .Ports "web" "8000/tcp"}} {{.Env.SHOP_NAME}}`), 0)
	x.golden("run-template")
}

// withoutThird has the third of several instances fail.
func withoutThird(t *testing.T) *terminal {
	t.Helper()
	x := newTerminal(t)
	x.current()
	x.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if strings.HasPrefix(s.Name, "docker-bmo-shop-3-web") {
			return enginetest.Exit(3, "no more")
		}
		return shopPrograms(s)
	})
	return x
}

func TestRunManyOrNone(t *testing.T) {
	for _, how := range [][]string{{"-d", "--all-or-none"}, {"--", "true"}} {
		x := withoutThird(t)
		before := x.Objects()
		args := []string{"run", "--stack", x.file, "--progress", "quiet", "-n", "3", "--name", "shop"}
		assert.Equal(t, x.run(append(args, how...)...), exitEngine)
		assert.Assert(t, is.Contains(x.err, "service web: ended with exit code 3 before it was ready"))
		assert.Assert(t, is.Contains(x.err, "no more"))
		assert.DeepEqual(t, x.Objects(), before)
	}
}

// TestRunManyWithoutOne: the others are there, and the exit code and the error say what is missing.
func TestRunManyWithoutOne(t *testing.T) {
	x := withoutThird(t)
	assert.Equal(t, x.startRun("-n", "4", "--parallel", "1", "--name", "shop"), exitEngine)
	assert.Equal(t, x.out, "shop-1\nshop-2\nshop-4\n")
	x.golden("run-many-without-one")
	assert.Equal(t, x.run("ps", "-q"), 0)
	assert.Equal(t, strings.Count(x.out, "\n"), 3)
}

// TestRunManyPrintsEach: the first is printed before the second has a network.
func TestRunManyPrintsEach(t *testing.T) {
	x := newTerminal(t)
	x.current()
	var mu sync.Mutex
	var out bytes.Buffer
	var printed []string
	x.Before("POST", "/networks/create", func(*http.Request) {
		mu.Lock()
		defer mu.Unlock()
		printed = append(printed, out.String())
	})
	top := underDocker(newRootCommand(x.docker.cli(t, writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	}), io.Discard)))
	top.SetArgs([]string{"bmo", "run", "-d", "--stack", x.file, "--progress", "quiet", "-n", "2", "--parallel", "1", "--name", "shop"})
	assert.NilError(t, top.ExecuteContext(t.Context()))
	assert.DeepEqual(t, printed, []string{"", "shop-1\n"})
	assert.Equal(t, out.String(), "shop-1\nshop-2\n")
}

// writerFunc is a function that writes.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestStory11Flavors(t *testing.T) {
	x := newTerminal(t)
	s := x.current()
	assert.Equal(t, x.startRun("--name", "usual"), 0)
	assert.Equal(t, x.startRun("--name", "big", "--flavor", "regular"), 0)
	usual, big := x.container("usual", "db"), x.container("big", "db")
	assert.DeepEqual(t, []string(usual.Config.Cmd), []string{"mysqld", "--low"})
	assert.DeepEqual(t, []string(big.Config.Cmd), []string{"mysqld", "--regular"})
	assert.Equal(t, usual.Host.Memory, int64(300<<20))
	assert.Equal(t, big.Host.Memory, int64(0))
	for _, c := range []enginetest.Container{usual, big} {
		assert.Equal(t, c.Image, s.Images["db"].ID, "both run from one snapshot")
	}
	assert.Equal(t, big.Config.Labels[label.Flavor], "regular")
}

func TestRunEnvironment(t *testing.T) {
	x := newTerminal(t)
	x.current()
	t.Setenv("FROM_OUTSIDE", "passed on")
	assert.Equal(t, x.startRun("--name", "one", "-e", "DB=elsewhere", "-e", "NEW=a=b", "-e", "FROM_OUTSIDE", "-e", "NOT_SET", "-e", "EMPTY="), 0)
	env := x.container("one", "web").Config.Env
	for _, want := range []string{"DB=elsewhere", "NEW=a=b", "FROM_OUTSIDE=passed on", "EMPTY=", "PRICE=5$"} {
		assert.Assert(t, is.Contains(env, want))
	}
	assert.Assert(t, !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "NOT_SET") }))
	assert.Assert(t, slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "BASE=http://127.0.0.1:") }))
	assert.Equal(t, len(x.container("one", "db").Config.Env), 0, "only the application's service gets them")
}

// TestRunEnvFile: files are read as docker does; --env overrides them, and the last file overrides the first.
func TestRunEnvFile(t *testing.T) {
	x := newTerminal(t)
	x.current()
	t.Setenv("FROM_OUTSIDE", "passed on")
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	assert.NilError(t, os.WriteFile(first, []byte("# colors\nA=1\nB=1\nC=1\nFROM_OUTSIDE\n"), 0o600))
	assert.NilError(t, os.WriteFile(second, []byte("B=2\nC=2\n"), 0o600))
	assert.Equal(t, x.startRun("--name", "one", "--env-file", first, "--env-file", second, "-e", "C=3"), 0)
	env := x.container("one", "web").Config.Env
	for _, want := range []string{"A=1", "B=2", "C=3", "FROM_OUTSIDE=passed on"} {
		assert.Assert(t, is.Contains(env, want))
	}
	assert.Equal(t, x.startRun("--env-file", filepath.Join(dir, "none")), exitEngine)
	assert.Assert(t, is.Contains(x.err, "error: --env-file: open "))
}

func TestRunPublish(t *testing.T) {
	x := newTerminal(t)
	x.current()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	port := strconv.Itoa(free.Addr().(*net.TCPAddr).Port)
	assert.Equal(t, x.startRun("--name", "one", "-p", port+":8000"), exitEngine, "somebody has the port")
	assert.Assert(t, is.Contains(x.err, "error: service web: port "+port+" on 127.0.0.1 is taken\n"))
	assert.NilError(t, free.Close())

	assert.Equal(t, x.startRun("--name", "one", "-p", port+":8000", "-p", "db:3306"), 0)
	assert.Equal(t, x.run("port", "one", "web", "8000"), 0)
	assert.Equal(t, x.out, "127.0.0.1:"+port+"\n")
	assert.Equal(t, x.run("inspect", "-f", "{{.URL}}", "one"), 0)
	assert.Equal(t, x.out, "http://127.0.0.1:"+port+"\n")
	assert.Assert(t, is.Contains(x.container("one", "web").Config.Env, "BASE=http://127.0.0.1:"+port+"/"))
	for _, bindings := range x.container("one", "db").Host.PortBindings {
		assert.Equal(t, bindings[0].HostIP, "127.0.0.1")
	}
	assert.Equal(t, x.startRun("--name", "two"), 0)
	assert.Equal(t, len(x.container("two", "db").Host.PortBindings), 0, "the database only on request")
}

func TestRunSnapshot(t *testing.T) {
	x := newTerminal(t)
	x.current()
	old := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Stack: "shop", Created: instancetest.Noon}, nil)
	x.addSnapshot(snapshot.Snapshot{Key: key("b"), Stack: "blog", Services: []string{"web"}, Created: instancetest.Noon}, nil)
	assert.Equal(t, x.startRun("--name", "one", "--snapshot", "aaaa"), 0)
	assert.Equal(t, x.container("one", "web").Image, old.Images["web"].ID)
	assert.Equal(t, x.startRun("--snapshot", "bbbb"), exitEngine)
	x.golden("run-snapshot-misfit")
	assert.Equal(t, x.startRun("--snapshot", "cccc"), exitEngine)
	x.golden("run-snapshot-missing")
}

func TestRunNoBuild(t *testing.T) {
	x := newTerminal(t)
	assert.Equal(t, x.startRun("--no-build"), exitEngine)
	x.golden("run-no-build")
	x.current()
	assert.Equal(t, x.startRun("--no-build", "--name", "one"), 0)
	assert.Equal(t, x.out, "one\n")
}

// TestRunWaitTimeout: the web server responds only with errors.
func TestRunWaitTimeout(t *testing.T) {
	x := newTerminal(t)
	x.current()
	before := x.Objects()
	x.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] != "web" {
			return shopPrograms(s)
		}
		return func(p *enginetest.Proc) int {
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(503, "later")))
			return p.UntilStopped(0)
		}
	})
	assert.Equal(t, x.startRun("--wait-timeout", "1"), exitNotReady)
	assert.Assert(t, is.Regexp(`error: service web: not ready after 1(\.[0-9])?s`, x.err))
	assert.DeepEqual(t, x.Objects(), before)
}

func TestRunMistakes(t *testing.T) {
	x := newTerminal(t)
	x.current()
	assert.Equal(t, x.startRun("--name", "taken"), 0)
	before := x.Objects()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"run-number", []string{"-n", "0"}},
		{"run-name-taken", []string{"--name", "taken"}},
		{"run-name-bad", []string{"--name", "a/b"}},
		{"run-flavor", []string{"--flavor", "huge"}},
		{"run-env", []string{"-e", "=x"}},
		{"run-format", []string{"--format", "{{.Nope}}"}},
		{"run-format-broken", []string{"--format", "{{"}},
		{"run-publish-address", []string{"-p", "0.0.0.0:8080:8000"}},
		{"run-publish-ipv6", []string{"-p", "[::1]:8080:8000"}},
		{"run-publish-service", []string{"-p", "cache:11211"}},
		{"run-publish-udp", []string{"-p", "8000/udp"}},
		{"run-publish-twice", []string{"-p", "db:3306", "-p", "db:1234:3306"}},
		{"run-publish-many", []string{"-n", "2", "-p", "db:1234:3306"}},
		{"run-wait-timeout", []string{"--wait-timeout", "-1"}},
		{"run-no-build-pull", []string{"--no-build", "--pull"}},
		{"run-argument", []string{"prove"}},
		{"run-detach-command", []string{"--", "true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.startRun(c.args...), exitEngine)
			x.golden(c.name)
			assert.DeepEqual(t, x.Objects(), before)
		})
	}
}

// TestR14SnapshotRemovedDuringACreate: the containerd store says in its own words that an image goes while a container is made
// of it.
func TestR14SnapshotRemovedDuringACreate(t *testing.T) {
	x := newTerminal(t)
	x.current()
	x.Fail("POST", "/containers/create", http.StatusInternalServerError, "rpc error: code = NotFound desc = content digest sha256:7f07: not found", 1)
	assert.Equal(t, x.startRun("--name", "one"), 0, x.err)
	x.Fail("POST", "/containers/create", http.StatusInternalServerError, "rpc error: code = NotFound desc = content digest sha256:7f07: not found", 1000)
	assert.Equal(t, x.startRun("--name", "two"), exitEngine)
	assert.Assert(t, !strings.Contains(x.err, "rpc error"), x.err)
	assert.Assert(t, is.Contains(x.err, "hint: the snapshot was removed meanwhile"))
}

// TestR14SnapshotRemovedBeforeTheStart: it is looked up again when somebody removes it between the look-up and the start.
func TestR14SnapshotRemovedBeforeTheStart(t *testing.T) {
	x := newTerminal(t)
	inputs := x.inputs(t, stackOptions{stacks: []string{x.file}})
	old := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: inputs, Stack: "shop", Created: time.Now().UTC().Add(-time.Hour)}, nil)
	made := x.current()
	other := x.EngineAs(t, "rm")
	gone := false
	x.Before("POST", "/networks/create", func(*http.Request) {
		if gone {
			return
		}
		gone = true
		for _, service := range made.Services {
			_, _, err := other.RemoveImage(t.Context(), snapshot.Tag("shop", service, made.Key))
			assert.Check(t, err)
		}
	})
	assert.Equal(t, x.startRun("--name", "one"), 0, x.err)
	assert.Assert(t, gone)
	assert.Equal(t, x.container("one", "web").Image, old.Images["web"].ID)

	assert.Equal(t, x.run("stop", "one"), 0)
	// With none left, the error is no raw one of the engine.
	gone, made = false, old
	assert.Equal(t, x.startRun("--name", "two", "--no-build"), exitEngine)
	assert.Assert(t, is.Contains(x.err, "stack shop has no snapshot of these inputs"))
}
