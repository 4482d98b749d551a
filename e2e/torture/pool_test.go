package torture

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// claims are what became of the runs of several processes that take instances out of one pool.
type claims struct {
	mu                            sync.Mutex
	containers                    map[string]bool // of the application; a name may be used again
	pooled, started, killed, gone int
	fillers                       int // that were killed
}

// Two processes take instances out of a pool and stop them again, each being killed one time in three, and whoever fills the pool every
// few seconds, for as long as BMO_TORTURE_POOL says: no instance is taken twice, each that is taken answers, and nothing stays.
func TestPoolUnderKills(t *testing.T) {
	only(t, "pool")
	lasts, err := time.ParseDuration(cmp.Or(os.Getenv("BMO_TORTURE_POOL"), "5m"))
	assert.NilError(t, err)
	a := harness.NewMini(t, "pool", nil)
	a.Build(t)
	id := harness.BMO(t, append([]string{"pool"}, a.Args("up", "--quiet", "--size", "4")...)...).OK(t).Text()
	t.Cleanup(func() { harness.BMO(t, "pool", "down", id) })
	c := &claims{containers: map[string]bool{}}
	end := time.Now().Add(lasts)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for time.Now().Before(end) {
			time.Sleep(2*time.Second + rand.N(4*time.Second))
			c.fillers += killFillers(id)
		}
	}()
	t.Run("processes", func(t *testing.T) {
		for n := range 2 {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				for time.Now().Before(end) {
					c.claim(t, a)
				}
			})
		}
	})
	<-over

	harness.BMO(t, "pool", "down", id).OK(t)
	harness.Sweep(t)
	for _, name := range c.left(t, a) {
		harness.BMO(t, "stop", name).OK(t)
	}
	// Who fills it is starting an instance, and removes that when it sees that there is no pool any more.
	harness.Until(t, "nothing is left", func() bool { return len(a.Rest(t)) == 0 })
	t.Logf("%d taken out of the pool, %d started without it, none twice; %d runs killed, %d of them when their instance was theirs; %d fillers killed",
		c.pooled, c.started, c.killed, c.gone, c.fillers)
	assert.Assert(t, c.pooled > 0 && c.killed > 0 && c.fillers > 0)
}

// claim runs an instance in the background and stops it, or kills the run at some moment.
func (c *claims) claim(t *testing.T, a *harness.App) {
	t.Helper()
	p := a.Start(t, "run", "--detach", "--format", "json")
	kill := rand.N(3) == 0
	if kill {
		time.Sleep(rand.N(400 * time.Millisecond))
		_ = p.Signal(syscall.SIGKILL)
	}
	r := p.Wait(t)
	var i harness.Instance
	if json.Unmarshal([]byte(r.Stdout), &i) != nil {
		assert.Assert(t, kill, "%+v", r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.killed++
		return
	}
	got, err := http.Get(i.URL)
	assert.NilError(t, err)
	got.Body.Close()
	assert.Equal(t, got.StatusCode, http.StatusOK)
	pool := harness.Docker(t, "inspect", "--format", `{{index .Config.Labels "docker-bmo.pool"}}`, "docker-bmo-"+i.Name+"-web")
	harness.BMO(t, "stop", i.Name).OK(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	id := i.Services["web"]
	assert.Assert(t, id != "" && !c.containers[id], "%s was taken twice", i.Name)
	c.containers[id] = true
	if pool != "" {
		c.pooled++
	} else {
		c.started++
	}
}

// left are the instances that runs have got which were killed before they could say so: they stay, as detached ones do.
func (c *claims) left(t *testing.T, a *harness.App) []string {
	t.Helper()
	out := harness.Docker(t, "ps", "--all", "--filter", "label=docker-bmo.stack="+a.Name, "--filter", "label=docker-bmo.lead=true",
		"--format", `{{.Label "docker-bmo.instance"}}`)
	names := strings.Fields(out)
	c.gone = len(names)
	assert.Assert(t, c.gone <= c.killed, "%v are there after %d kills", names, c.killed)
	return names
}

// killFillers kills the processes that fill a pool, and returns how many there were.
func killFillers(id string) (killed int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, _ := os.ReadFile(file) // one that has ended has none
		if bytes.Contains(line, []byte("\x00pool\x00fill\x00")) && bytes.Contains(line, []byte(id)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if p, err := os.FindProcess(pid); err == nil && pid > 1 && p.Kill() == nil {
				killed++
			}
		}
	}
	return killed
}
