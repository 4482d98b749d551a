package torture

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// What fills the engine's disk ends with an error and a hint, leaves nothing, and the next command works. It wants an
// engine of its own, on a small file system: BMO_SMALL_DISK is where that is mounted.
func TestFullDisk(t *testing.T) {
	disk := os.Getenv("BMO_SMALL_DISK")
	if disk == "" {
		t.Skip("it wants an engine on a small disk: make torture")
	}
	a := harness.NewMini(t, "full", nil)
	a.Do(t, "run", "--", "true").OK(t)
	free := freeSpace(t, disk)
	for _, c := range []struct {
		name  string
		share int // of what is free, in percent
		code  int
	}{
		{"in a step", 200, 1},
		{"in a commit", 70, 125}, // which copies what was written
	} {
		t.Run(c.name, func(t *testing.T) {
			a.Edit(t, harness.Edits{"x-bmo.bootstrap": []any{map[string]any{
				"service": "web",
				"command": []string{"bash", "-c", fmt.Sprintf("bash /srv/first-run.sh && head -c %d /dev/zero >/srv/large", free*int64(c.share)/100)},
			}}})
			r := a.Do(t, "build").Fails(t, c.code, "error: ", "hint: ", "o space left on device")
			t.Log(r.Stderr[strings.Index(r.Stderr, "error: "):])
			a.LeavesNothing(t)
			left := freeSpace(t, disk)
			t.Logf("free before: %d MB, and after: %d MB", free>>20, left>>20)
			assert.Assert(t, free-left < free/10, "%d bytes are still taken", free-left)
		})
	}
	a.Edit(t, harness.Edits{"x-bmo.bootstrap": []any{map[string]any{"service": "web", "command": []string{"bash", "/srv/first-run.sh"}}}})
	a.Do(t, "run", "--", "true").OK(t)
}

func freeSpace(t *testing.T, dir string) int64 {
	t.Helper()
	out, err := harness.Command("stat", "--file-system", "--format", "%a %S", dir)
	assert.NilError(t, err)
	blocks, size, _ := strings.Cut(out, " ")
	n, err := strconv.ParseInt(blocks, 10, 64)
	assert.NilError(t, err)
	s, err := strconv.ParseInt(size, 10, 64)
	assert.NilError(t, err)
	return n * s
}
