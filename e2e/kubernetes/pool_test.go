package kubernetes

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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

// Processes that are killed while they take something out of a pool, or put something into it, give nothing to two runs, and leave
// nothing after the documented time.
func TestPoolIsKilled(t *testing.T) {
	w := newTeam(t)
	w.up(2, "--service-type", "NodePort")
	var mu sync.Mutex
	got, killed := map[string]int{}, 0
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for n := range 10 {
				p := w.start("run", "--detach", "--quiet", "--service-type", "NodePort")
				if n%2 == 0 { // the others are not killed
					time.Sleep(time.Duration(80+30*n+20*worker) * time.Millisecond)
					_ = p.Signal(syscall.SIGKILL)
				}
				r := p.Wait(t)
				name := r.Text()
				mu.Lock()
				if name != "" {
					got[name]++
				} else if n%2 == 0 {
					killed++
				} else {
					t.Errorf("run: %s", r.Stderr)
				}
				mu.Unlock()
				if name == "" {
					continue
				}
				if r := w.do("stop", name); r.Code != 0 {
					t.Errorf("stop %s: %s", name, r.Stderr)
				}
			}
		})
	}
	wg.Wait()
	for name, n := range got {
		assert.Equal(t, n, 1, "%s was taken twice", name)
	}
	t.Logf("%d runs succeeded, %d were killed before", len(got), killed)
	assert.Assert(t, killed > 0 && len(got) > 0)

	began := time.Now()
	w.pool("down", "--all").OK(t)
	for left := w.left(); strings.Contains(left, "job.batch/") || strings.Contains(left, "pod/") || strings.Contains(left, "secret/"); left = w.left() {
		assert.Assert(t, time.Since(began) < documented, "still there: %s", left)
		time.Sleep(time.Second)
	}
	t.Logf("after %s nothing was left but %d Services of starts that were killed before they made a Job", time.Since(began).Round(time.Second),
		len(strings.Fields(w.left())))
}
