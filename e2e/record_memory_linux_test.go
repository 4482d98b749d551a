package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// A step that prints 100 MB without an end of line takes bounded memory, and loses nothing.
func TestR7EndlessLine(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewMini(t, "endless-line", nil)
	a.Write(t, "first-run.sh", "head -c 100000000 /dev/zero | tr '\\0' x\necho >/srv/first-run\n")
	p := a.Start(t, "build", "--quiet")
	most := make(chan int)
	go func() { most <- highWater(p.Cmd.Process.Pid) }()
	p.Wait(t).OK(t)
	used := <-most
	assert.Assert(t, used > 10<<10 && used < 250<<10, "%d KB", used)
	out := harness.Recorded(t, a.Keys(t)[0], "web")
	assert.Equal(t, strings.Count(out, "x"), 100000000)
}

// highWater returns the most memory, in KB, that a process or one that it has started has had, when it has ended. What the
// system counts for a process that has ended is of no use: it includes what the tests' own process had when it began.
func highWater(pid int) (most int) {
	for {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		if len(threads) == 0 {
			return most
		}
		processes := []string{strconv.Itoa(pid)}
		for _, t := range threads {
			list, _ := os.ReadFile(t)
			processes = append(processes, strings.Fields(string(list))...)
		}
		for _, p := range processes {
			status, _ := os.ReadFile("/proc/" + p + "/status")
			if _, line, is := strings.Cut(string(status), "\nVmHWM:"); is {
				used, _ := strconv.Atoi(strings.Fields(line)[0])
				most = max(most, used)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
