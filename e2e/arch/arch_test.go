// Package arch tests that one bootstrap serves two platforms, of which the engine's machine emulates one: an engine for
// linux/amd64 on a machine that has an emulator for linux/arm64. That takes minutes, and so it is no part of the other tests.
//
//	BMO_ARCH_IMAGE  an image of MariaDB for both platforms in a registry on this machine, [HOST:PORT/]PATH:TAG
package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

const amd64, arm64 = "linux/amd64", "linux/arm64"

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// file is a stack with all that can hold data: a database, a service with steps of its own that also remove files, a volume
// that services share, and a service that is not kept. An emulator that has lost its way must not take all memory.
const file = `
services:
  db:
    image: %[1]s
    environment: {MARIADB_ROOT_PASSWORD: secret, MARIADB_DATABASE: shop}
    mem_limit: 2g
  web:
    build: {dockerfile_inline: "FROM %[1]s\nRUN uname -m >/built-on && touch /given"}
    command: [sleep, infinity]
    init: true
    depends_on: [db]
    volumes: [files:/files]
  worker:
    image: %[1]s
    command: [sleep, infinity]
    init: true
    volumes: [files:/files]
    x-bmo: {snapshot: false}
volumes: {files: {}}
x-bmo:
  portable: true
  url: {service: db, port: 3306}
  bootstrap:
    - service: db
      exec: true
      command: [mariadb, -psecret, shop, -e, "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20)) SELECT seq AS id, CONCAT('row ', seq) AS s FROM seq_1_to_5000"]
    - service: web
      command: [sh, -c, "uname -m >/bootstrapped-on; rm /given; echo shared >/files/file"]
`

// newApp writes the stack.
func newApp(t *testing.T) *harness.App {
	t.Helper()
	image := os.Getenv("BMO_ARCH_IMAGE")
	assert.Assert(t, image != "", "BMO_ARCH_IMAGE is not set: make e2e-arch")
	a := &harness.App{Name: harness.StackName("arch"), Dir: t.TempDir(), CLI: harness.CLI{Patience: 10 * time.Minute}}
	text := "name: " + a.Name + fmt.Sprintf(file, image)
	assert.NilError(t, os.WriteFile(filepath.Join(a.Dir, "compose.yaml"), []byte(text), 0o600))
	t.Cleanup(func() { assert.NilError(t, a.Clear()) })
	return a
}

// took runs a command, and says how long that has taken.
func took(t *testing.T, what string, do func() harness.Result) harness.Result {
	t.Helper()
	start := time.Now()
	r := do().OK(t)
	t.Logf("%s: %.1f s", what, time.Since(start).Seconds())
	return r
}

// answers starts an instance for arm64 and checks that it has what the bootstrap has made, and nothing else of the other
// platform.
func answers(t *testing.T, a *harness.App, more ...string) {
	t.Helper()
	name := took(t, "run", func() harness.Result {
		return a.Do(t, "run", append([]string{"-d", "--progress", "plain", "--platform", arm64, "--no-build"}, more...)...)
	}).Text()
	exec := func(service string, command ...string) string {
		return a.CLI.Run(t, append([]string{"exec", name, service}, command...)...).OK(t).Text()
	}
	sql := "SELECT @@version_compile_machine, COUNT(*), MAX(s), SUM(id) FROM t; CHECK TABLE t"
	assert.Equal(t, exec("db", "mariadb", "-psecret", "--skip-column-names", "shop", "-e", sql),
		"aarch64\t5000\trow 999\t12502500\nshop.t\tcheck\tstatus\tOK")
	exec("db", "mariadb", "-psecret", "shop", "-e", "INSERT INTO t VALUES (6000, 'written')")
	assert.Equal(t, exec("web", "sh", "-c", "uname -m; cat /built-on /bootstrapped-on /files/file; ls /given 2>&1 | tail -c 10"),
		"aarch64\naarch64\nx86_64\nshared\ndirectory")
	assert.Equal(t, exec("worker", "cat", "/files/file"), "shared")
	a.CLI.Run(t, "stop", name).OK(t)
}

// TestOneBootstrapForTwoPlatforms: a fleet of both had to bootstrap once for each.
func TestOneBootstrapForTwoPlatforms(t *testing.T) {
	a := newApp(t)
	repository := strings.TrimSuffix(os.Getenv("BMO_ARCH_IMAGE"), ":11.8") + "/" + a.Name
	key := took(t, "build for amd64, with the bootstrap", func() harness.Result { return a.Do(t, "build", "--progress", "plain") }).Text()
	plan := a.Do(t, "build", "--platform", arm64, "--dry-run").OK(t)
	assert.Assert(t, is.Contains(plan.Stdout, "the data of snapshot "+key+" (linux/amd64) are taken in place of the bootstrap"))

	// From the engine itself.
	grafted := took(t, "build for arm64, with the data of the engine's snapshot", func() harness.Result {
		return a.Do(t, "build", "--progress", "plain", "--platform", arm64)
	})
	other := grafted.Text()
	assert.Assert(t, other != key)
	assert.Assert(t, is.Contains(grafted.Stderr, ", with the data of snapshot "+key+" (linux/amd64)"))
	assert.Assert(t, !strings.Contains(grafted.Stderr, " start db") && !strings.Contains(grafted.Stderr, "commit"), grafted.Stderr)
	a.LeavesNothing(t)
	answers(t, a)
	found := a.Do(t, "build", "--platform", arm64).OK(t)
	assert.Assert(t, is.Contains(found.Stderr, "snapshot "+other+" of "+a.Name+" is up to date"))
	assert.Equal(t, a.Build(t), key)

	// From a repository, on an engine that has neither.
	harness.BMO(t, "push", key, repository).OK(t)
	harness.BMO(t, "snapshot", "rm", key, other).OK(t)
	grafted = took(t, "build for arm64, with the data of the repository's snapshot", func() harness.Result {
		return a.Do(t, "build", "--progress", "plain", "--platform", arm64, "--repository", repository, "--push")
	})
	assert.Equal(t, grafted.Text(), other)
	assert.Assert(t, is.Contains(grafted.Stderr, ", with the data of snapshot "+key+" (linux/amd64)"))
	assert.DeepEqual(t, a.Keys(t), []string{other})
	a.LeavesNothing(t)

	// Each platform finds its own there.
	harness.BMO(t, "snapshot", "rm", other).OK(t)
	answers(t, a, "--repository", repository)
	assert.DeepEqual(t, a.Keys(t), []string{other})

	// What all of that is in place of.
	made := took(t, "build for arm64, with the bootstrap emulated", func() harness.Result {
		return a.Do(t, "build", "--progress", "plain", "--platform", arm64, "--no-cache")
	})
	assert.Assert(t, !strings.Contains(made.Stderr, "with the data of"), made.Stderr)
	a.LeavesNothing(t)
}

// TestNoEmulator: what cannot run is refused before anything is built.
func TestNoEmulator(t *testing.T) {
	a := newApp(t)
	a.Do(t, "build", "--platform", "linux/s390x").Fails(t, 1, "platform linux/s390x is not the engine's own, "+amd64, "have an emulator registered")
	a.LeavesNothing(t)
}
