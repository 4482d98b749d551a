package kubernetes

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// pool runs a command of docker bmo about pools.
func (w *team) pool(verb string, words ...string) harness.Result {
	w.t.Helper()
	args := []string{verb, "--on", w.on()}
	if verb == "up" {
		args = append(args, "--quiet", "--stack", "demo")
		args = append(args, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
	}
	cli := w.cli
	if w.config != "" {
		cli.Env = append(cli.Env, "KUBECONFIG="+w.config)
	}
	return cli.Run(w.t, slices.Concat([]string{"pool"}, args, words)...)
}

// up makes a pool.
func (w *team) up(size int, words ...string) (id string) {
	w.t.Helper()
	return w.pool("up", append(words, "--size", fmt.Sprint(size))...).OK(w.t).Text()
}

func (w *team) ready() string {
	w.t.Helper()
	return w.pool("ls", "--format", "{{.Ready}}").OK(w.t).Text()
}

// waits are the names of the instances that wait.
func (w *team) waits() []string {
	w.t.Helper()
	return strings.Fields(w.do("ps", "--all", "--quiet", "--filter", "status=paused").OK(w.t).Stdout)
}

// Instances wait for runs. Each is taken by one of several that come at once, and answers at the address that it has had; others take
// their place; what was taken outlives the pool.
func TestPool(t *testing.T) {
	w := newTeam(t)
	id := w.up(2, "--service-type", "NodePort")
	assert.Equal(t, w.ready(), "2/2")
	names := w.waits()
	assert.Equal(t, len(names), 2)
	w.do("stop", "--all").OK(t)
	assert.Equal(t, w.ready(), "2/2", "stop --all does not leave the pool alone")

	var wg sync.WaitGroup
	results := make([]harness.Result, 3)
	for n := range results {
		wg.Go(func() { results[n] = w.do("run", "--detach", "--service-type", "NodePort", "--format", "json") })
	}
	wg.Wait()
	taken := map[string]bool{}
	for _, r := range results {
		i := instances(t, r)[0]
		assert.Assert(t, !taken[i.Name], "%s was taken twice", i.Name)
		taken[i.Name] = true
		i.Tracker().Answers(t)
		assert.Equal(t, i.Tracker().Bugs(t), 0)
		i.Tracker().Create(t, "TestProduct", "TestComponent", "only here")
	}
	for _, name := range names {
		assert.Assert(t, taken[name], "%s waits in vain", name)
	}
	harness.Until(t, "the pool is full again", func() bool { return w.ready() == "2/2" })

	assert.Equal(t, w.pool("down", id[:6]).OK(t).Text(), id)
	assert.Equal(t, len(w.waits()), 0)
	assert.Equal(t, len(strings.Fields(w.do("ps", "--quiet").OK(t).Stdout)), 3)
	w.do("stop", "--all").OK(t)
	harness.Until(t, "nothing is left", func() bool { return w.left() == "" })
}
