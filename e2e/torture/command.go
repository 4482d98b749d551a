package torture

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Command is a command of docker bmo, and what has to be there before it.
type Command struct {
	Name    string
	prepare func(*bench, testing.TB)
	args    func(*bench) []string
	// left returns the names of the instances that are there after it; nil where none outlives it.
	left func(*bench, testing.TB) []string
}

// Commands are those that change something on the engine.
var Commands = []Command{
	{"build", (*bench).change, func(b *bench) []string { return b.app.Args("build") }, nil},
	{"run -d", nothing, func(b *bench) []string { return b.app.Args("run", "--detach", "--name", b.name) }, (*bench).ready},
	{"run -- CMD", nothing, func(b *bench) []string { return b.app.Args("run", "--name", b.name, "--", "true") }, nil},
	{"run -n 2 -- CMD", nothing, func(b *bench) []string { return b.app.Args("run", "-n", "2", "--name", b.name, "--", "true") }, nil},
	{"test", nothing, (*bench).testArgs, nil},
	{"stop", (*bench).start, func(b *bench) []string { return []string{"stop", b.name} }, (*bench).started},
	{"commit", (*bench).start, func(b *bench) []string { return []string{"commit", b.name} }, (*bench).started},
	{"reset", (*bench).start, func(b *bench) []string { return []string{"reset", b.name} }, (*bench).started},
	{"prune", (*bench).outdate, func(b *bench) []string { return []string{"prune", "--force", "--stack", b.app.Name} }, nil},
	{"pool up", nothing, func(b *bench) []string { return append([]string{"pool"}, b.app.Args("up", "--size", "1")...) }, nil},
	{"run -d of a pool", (*bench).poolUp, func(b *bench) []string { return b.app.Args("run", "--detach") }, (*bench).ready},
}

func nothing(*bench, testing.TB) {}

// bench is a small stack and the engine that it is tried on, by way of a proxy.
type bench struct {
	app    *harness.App
	proxy  *harness.Proxy
	faulty *faulty
	name   string // of instances
	url    string // of the instance that was started
	edits  int
	tried  int // faults
}

// motd is what an instance answers as long as it has its config, which a commit takes out for a while.
const motd = "/motd=of the day"

// newBench makes a stack of two services that share a volume. Whether its bootstrap was whole shows in what it answers,
// and so it would not become ready otherwise.
func newBench(t testing.TB, suffix string) *bench {
	t.Helper()
	b := &bench{}
	b.app = harness.NewMini(t, suffix, harness.Edits{
		"services.web.volumes": []string{"data:/srv/optional"},
		"services.web.x-bmo.ready.http": map[string]any{
			"port": 8000, "path": "/", "body": "^hello .*/first-run=20(?s:.*)/kept=kept(?s:.*)/greeting=greetings(?s:.*)" + motd,
		},
		"services.web.configs": []any{map[string]any{"source": "motd", "target": "/srv/shared/motd"}},
		"configs.motd":         map[string]any{"content": "of the day\n"},
		"services.worker": map[string]any{
			"build": ".", "volumes": []string{"data:/data"},
			"command": []string{"perl", "-e", "$$SIG{TERM} = sub { exit 0 }; open my $$up, '>', '/tmp/up'; sleep 1 while 1"},
			// A process that gets its signal before it has begun ends as the engine's runtime does, and not by itself.
			"x-bmo": map[string]any{"ready": map[string]any{"exec": map[string]any{"command": []string{"test", "-e", "/tmp/up"}}}},
		},
		"volumes.data": nil,
		"x-bmo.bootstrap": []any{map[string]any{
			"service": "web", "timeout": "1m",
			"command": []string{"bash", "-c", "echo kept >/srv/optional/kept && exec bash /srv/first-run.sh"},
		}},
	})
	b.name = b.app.Name
	b.proxy = harness.NewProxyBy(t, func(engine http.RoundTripper) http.RoundTripper {
		b.faulty = &faulty{engine: engine, stack: b.app.Name}
		return b.faulty
	})
	return b
}

// change makes the next build one that has something to do.
func (b *bench) change(t testing.TB) {
	t.Helper()
	b.edits++
	b.app.Write(t, "../shared/greeting", fmt.Sprintf("greetings %d", b.edits))
}

// start starts an instance.
func (b *bench) start(t testing.TB) {
	t.Helper()
	r := b.app.Do(t, "run", "--detach", "--format", "{{.URL}}", "--name", b.name).OK(t)
	b.url = r.Text()
}

// testArgs run two tests, which always pass, against an instance each.
func (b *bench) testArgs() []string {
	return b.app.Args("test", "-n", "2", "--files", filepath.Join(b.app.Dir, "*r*.??"), "--", "true")
}

// poolUp makes a pool, which the next run takes its instance from.
func (b *bench) poolUp(t testing.TB) {
	t.Helper()
	harness.BMO(t, append([]string{"pool"}, b.app.Args("up", "--size", "1")...)...).OK(t)
}

// poolsDown ends the stack's pools, if there are any, and returns what is left of it on the engine when nobody fills them
// any more: who does so in the background removes what it has made.
func (b *bench) poolsDown(t testing.TB) (rest []string) {
	t.Helper()
	for _, pool := range harness.Lines(harness.BMO(t, "pool", "ls", "--format", "{{.ID}} {{.Stack}}").OK(t).Stdout) {
		if id, of, _ := strings.Cut(pool, " "); of == b.app.Name {
			harness.BMO(t, "pool", "down", id).OK(t)
		}
	}
	for range 60 {
		if rest = b.app.Rest(t); len(rest) == 0 {
			break
		}
		time.Sleep(time.Second)
		harness.Sweep(t)
	}
	return rest
}

// outdate makes a newer snapshot than the one that is there.
func (b *bench) outdate(t testing.TB) {
	t.Helper()
	b.change(t)
	b.app.Build(t)
}

// prune removes old snapshots.
func (b *bench) prune(t testing.TB) {
	t.Helper()
	harness.BMO(t, "prune", "--force", "--stack", b.app.Name).OK(t)
}

// ready are the stack's instances that are ready. What a run has left of one that is not is no instance.
func (b *bench) ready(t testing.TB) []string {
	t.Helper()
	return harness.Lines(harness.BMO(t, "ps", "--quiet", "--filter", "stack="+b.app.Name).OK(t).Stdout)
}

// started is the instance that start has started, or anything of it.
func (b *bench) started(t testing.TB) []string {
	t.Helper()
	if harness.Docker(t, "network", "ls", "--quiet", "--filter", "label=docker-bmo.instance="+b.name) == "" {
		return nil
	}
	return []string{b.name}
}

// answers reports whether the instance that start has started answers as a whole one does, at the address that it had then, within a minute: one
// that a sweep has put back to work takes its time.
func (b *bench) answers() bool {
	for range 60 {
		if r, err := http.Get(b.url); err == nil {
			body, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode == http.StatusOK && strings.Contains(string(body), motd) {
				return true
			}
		}
		time.Sleep(time.Second)
	}
	return false
}
