package torture

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// clientLoop is what each client does until there is a file /stop: it runs commands on a stack, which it changes now and
// then, and says how each ended.
const clientLoop = `
cd /client
while [ ! -e /stop ]; do
  [ $((RANDOM % 6)) != 0 ] || echo "greetings $((RANDOM % 20))" >shared/greeting
  docker bmo run --stack app/compose.yaml $BMO_BUILD_ARGS -- sleep $((RANDOM % 12)) >/tmp/out 2>&1
  echo "ended $?"
  grep -E '^(error|warning|hint|panic|interrupted)' /tmp/out
  sleep $((RANDOM % 6))
done
docker bmo prune --force --keep-last 1000 >/dev/null
echo "ended well"
`

// killPlugin kills the plugin in a container, and nothing else.
const killPlugin = `for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != docker-bmo ] || kill -KILL ${p#/proc/}; done 2>/dev/null; :`

// clients are containers that use the engine that they are in, by its socket.
type clients struct {
	image, socket string
	running       map[string]int // containers, and how often the plugin was killed in each
	started       int
	logs          []string
	killed        int // clients that were killed with all that is in them
	plugins       int // plugins that were killed alone
}

// Ten clients in ten containers with the engine's socket, of which now one is killed and now a plugin in one, for as long
// as BMO_TORTURE_CLIENTS says: nothing that lives is removed by another, and of the dead the next commands leave nothing.
func TestTenClients(t *testing.T) {
	only(t, "clients")
	a := harness.NewMini(t, "clients", nil)
	a.Build(t)
	lasts, err := time.ParseDuration(cmp.Or(os.Getenv("BMO_TORTURE_CLIENTS"), "10m"))
	assert.NilError(t, err)
	c := &clients{image: clientImage(t, a), socket: engineSocket(t), running: map[string]int{}}
	t.Cleanup(func() {
		for id := range c.running {
			harness.Docker(t, "rm", "--force", "--volumes", id)
		}
	})
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		for len(c.running) < 10 {
			c.start(t)
		}
		time.Sleep(3*time.Second + rand.N(4*time.Second))
		c.killOne(t)
	}
	c.end(t)
	c.judge(t)
	a.LeavesNothing(t) // nothing was swept from here
}

// clientImage is the base image with docker, the plugin and a stack in it.
func clientImage(t *testing.T, a *harness.App) string {
	t.Helper()
	docker, err := exec.LookPath("docker")
	assert.NilError(t, err)
	base := "debian:trixie-slim"
	for _, arg := range harness.Suite.Args {
		if image, ok := strings.CutPrefix(arg, base+"=docker-image://"); ok {
			base = image
		}
	}
	if harness.Docker(t, "images", "--quiet", base) == "" {
		t.Cleanup(func() { harness.Docker(t, "rmi", base) })
	}
	id := harness.Docker(t, "create", base)
	defer harness.Docker(t, "rm", id)
	harness.Docker(t, "cp", "--follow-link", docker, id+":/usr/bin/docker")
	// The plugin under test: it may want a C library as new as this machine's.
	harness.Docker(t, "cp", filepath.Join(harness.Suite.Dir, "plugins"), id+":/usr/libexec/docker-plugins")
	harness.Docker(t, "cp", filepath.Dir(a.Dir), id+":/client")
	image := harness.StackName("client") + ":1"
	harness.Docker(t, "commit", id, image)
	t.Cleanup(func() { harness.Docker(t, "rmi", image) })
	return image
}

// engineSocket is where the engine finds its own socket: one that was set up here has a root folder of its own.
func engineSocket(t *testing.T) string {
	t.Helper()
	socket, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	if !ok {
		t.Skip("the engine is elsewhere: it has no socket that could be mounted")
	}
	if os.Getenv("DOCKER_BMO_STATE") != "" {
		return "/run/host/" + filepath.Base(socket)
	}
	return socket
}

func (c *clients) start(t *testing.T) {
	t.Helper()
	c.started++
	id := harness.Docker(t, "run", "--detach", "--init", "--mount", "type=bind,source="+c.socket+",target=/var/run/docker.sock",
		"--env", "BMO_BUILD_ARGS="+strings.Join(harness.Suite.Args, " "), c.image,
		"bash", "-c", "mkdir -p ~/.docker && ln -s /usr/libexec/docker-plugins ~/.docker/cli-plugins; "+clientLoop)
	c.running[id] = 0
}

// killOne kills a client, or the plugin in one.
func (c *clients) killOne(t *testing.T) {
	t.Helper()
	for id := range c.running { // in no order
		if rand.N(2) == 0 {
			harness.Docker(t, "exec", id, "bash", "-c", killPlugin)
			c.plugins++
			c.running[id]++
			return
		}
		harness.Docker(t, "kill", id)
		c.killed++
		c.remove(t, id)
		return
	}
}

// remove removes a client that has ended, and keeps what it has printed.
func (c *clients) remove(t *testing.T, id string) {
	t.Helper()
	c.logs = append(c.logs, harness.Docker(t, "logs", id))
	harness.Docker(t, "rm", "--volumes", id)
	delete(c.running, id)
}

// end lets all clients end by themselves.
func (c *clients) end(t *testing.T) {
	t.Helper()
	for id := range c.running {
		harness.Docker(t, "exec", id, "touch", "/stop")
	}
	for id := range c.running {
		assert.Equal(t, harness.Docker(t, "wait", id), "0")
		c.remove(t, id)
	}
}

var ended = regexp.MustCompile(`(?m)^ended (\d+)$`)

// judge fails the test for each command that has failed and was not killed: something that it had was taken from it.
func (c *clients) judge(t *testing.T) {
	t.Helper()
	codes := map[string]int{}
	for _, l := range c.logs {
		for _, m := range ended.FindAllStringSubmatch(l, -1) {
			codes[m[1]]++
		}
		for _, line := range harness.Lines(l) {
			if !strings.HasPrefix(line, "ended ") {
				t.Errorf("a client says: %s", line)
			}
		}
	}
	t.Logf("%d clients, %d of them killed, %d plugins killed; commands by exit code: %s", c.started, c.killed, c.plugins, fmt.Sprint(codes))
	// A plugin that was killed has no code of its own: docker's is 255, 137 or 1, without a word.
	assert.Assert(t, codes["0"] > 0)
	failed := 0
	for code, n := range codes {
		if code != "0" {
			failed += n
		}
	}
	assert.Assert(t, failed <= c.plugins, "%d commands failed, and %d plugins were killed", failed, c.plugins)
}
