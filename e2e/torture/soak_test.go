package torture

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// After BMO_TORTURE_SOAK runs and stops of the demo stack, or of the one that BMO_TORTURE_STACK names, the engine has what it
// had before, and no more files open. BMO_TORTURE_STACK has the flags of a build, one word a line, as hack/cpan prints them.
func TestSoak(t *testing.T) {
	only(t, "soak")
	n, err := strconv.Atoi(cmp.Or(os.Getenv("BMO_TORTURE_SOAK"), "200"))
	assert.NilError(t, err)
	once := demoOnce(t)
	for range 3 { // what the engine makes once, and keeps
		once()
	}
	before := take(t)
	t.Logf("before: %s", before)
	from := time.Now()
	for i := range n {
		once()
		if (i+1)%50 == 0 {
			t.Logf("after %d: %s", i+1, take(t))
		}
	}
	took := time.Since(from)
	var after shot
	for range 30 { // connections are closed some time after they are of no more use
		if after = take(t); after.files <= before.files {
			break
		}
		time.Sleep(time.Second)
	}
	t.Logf("after: %s; %d runs and stops, %.1f s each", after, n, took.Seconds()/float64(n))
	assert.DeepEqual(t, after.objects, before.objects)
	assert.Assert(t, after.files <= before.files+10, "%d files are open, and were %d", after.files, before.files)
	assert.Assert(t, after.disk <= before.disk+5<<10, "%d KB are taken, and were %d", after.disk, before.disk)
}

// demoOnce returns what runs an instance, asks it something and stops it.
func demoOnce(t *testing.T) func() {
	t.Helper()
	flags := slices.Concat(harness.Suite.Args, harness.Lines(os.Getenv("BMO_TORTURE_STACK")))
	run := func(verb string, more ...string) harness.Result {
		return harness.CLI{Patience: 20 * time.Minute}.Run(t, slices.Concat([]string{verb}, flags, more)...).OK(t)
	}
	if os.Getenv("BMO_TORTURE_STACK") == "" {
		a := harness.NewDemo(t, "soak", nil)
		flags = append(flags, "--stack", filepath.Join(a.Dir, "compose.yaml"))
	}
	run("build")
	return func() {
		i := harness.ParseInstance(t, run("run", "--detach", "--format", "json"))
		harness.BMO(t, "stop", i.Name).OK(t)
	}
}

// shot is what an engine has at a moment.
type shot struct {
	objects []string
	files   int // that the engine has open; 0 where its process cannot be seen
	disk    int // KB below its root folder; 0 where that cannot be seen
}

func (s shot) String() string {
	return fmt.Sprintf("%d objects, %d open files, %d MB", len(s.objects), s.files, s.disk>>10)
}

func take(t *testing.T) (s shot) {
	t.Helper()
	var err error
	s.objects, err = harness.Observe()
	assert.NilError(t, err)
	root := harness.Docker(t, "info", "--format", "{{.DockerRootDir}}")
	if out, err := harness.Command("du", "--summarize", "--one-file-system", "--exclude", "containers", root); err == nil {
		kb, _, _ := strings.Cut(out, "\t")
		s.disk, err = strconv.Atoi(kb)
		assert.NilError(t, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	assert.NilError(t, err)
	for _, p := range processes {
		line, err := os.ReadFile(p)
		if err == nil && strings.HasPrefix(string(line), "dockerd") && strings.Contains(string(line), filepath.Dir(root)) {
			fds, _ := os.ReadDir(filepath.Join(filepath.Dir(p), "fd"))
			s.files += len(fds)
		}
	}
	return s
}
