package bootstrap

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/progress"
)

// lockedBuffer is a buffer that can be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// TestU9KeepFailed: a bootstrap that has failed can be looked into until the command is interrupted, and then nothing
// is left of it.
func TestU9KeepFailed(t *testing.T) {
	f := newFixture(t)
	f.programs["web load"] = enginetest.Exit(3, "no schema")
	var shown lockedBuffer
	p, err := progress.New(&shown, "plain", "Building")
	assert.NilError(t, err)
	f.req.Progress, f.req.KeepFailed = p, true
	ctx, interrupt := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := Run(ctx, f.req)
		failed <- err
	}()
	for begun := time.Now(); !strings.Contains(shown.String(), "waiting until you interrupt"); {
		assert.Assert(t, time.Since(begun) < long, shown.String())
		time.Sleep(10 * time.Millisecond)
	}
	name := Name(f.req.Snapshot.Key)
	for _, want := range []string{
		"ended with exit code 3", "db runs: docker exec -it " + name + "-db sh", "web has ended: docker logs " + name + "-web",
		"docker run --rm -it --network " + name + " --entrypoint sh " + f.req.Built["web"],
	} {
		assert.Assert(t, strings.Contains(shown.String(), want), "%s\nin\n%s", want, shown.String())
	}
	_, there := f.Container(name + "-web")
	assert.Assert(t, there)
	interrupt()
	var step *StepError
	assert.Assert(t, errors.As(<-failed, &step))
	p.Close()
	assert.DeepEqual(t, f.Objects(), f.before)
}
