package bmo

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/progress"
)

// fillAs has an owner begin an instance for the pool that is there, and returns the name of its network.
func (f *poolFixture) fillAs(t *testing.T, o owner.Owner) string {
	t.Helper()
	marks, err := f.as(t).poolMarks(context.Background(), "")
	assert.Check(t, err)
	_, err = f.AddNetwork("docker-bmo-other", map[string]string{
		label.Role: label.RoleInstance, label.Instance: "other", label.Pool: marks[0].ID, label.Owner: o.String(),
		label.Created: time.Now().UTC().Format(time.RFC3339Nano),
	})
	assert.Check(t, err)
	return "docker-bmo-other"
}

// TestPoolAwaitsOneThatWasKilled: what somebody has begun for the pool who is killed meanwhile is removed, and made here.
func TestPoolAwaitsOneThatWasKilled(t *testing.T) {
	f := newPoolFixture(t)
	gone := owner.Current()
	gone.Start = "0"
	var once sync.Once
	f.After("POST", "/volumes/create", func(*http.Request) { once.Do(func() { f.fillAs(t, gone) }) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := f.as(t).PoolUp(ctx, f.stack, PoolOptions{Size: 1})
	assert.NilError(t, err)
	assert.Equal(t, p.Ready, 1)
	assert.Equal(t, len(f.list(t)), 1)
}

// TestPoolAwaitsAnother: that another process fills the pool is shown; what does not come of that is made here.
func TestPoolAwaitsAnother(t *testing.T) {
	f := newPoolFixture(t)
	setAwaitPause(t, time.Nanosecond)
	other := f.EngineAs(t, "other")
	var once sync.Once
	looks := 0
	f.After("POST", "/volumes/create", func(*http.Request) {
		once.Do(func() {
			network := f.fillAs(t, owner.Current())
			f.Before("GET", "/networks", func(*http.Request) {
				if looks++; looks == 10 {
					assert.Check(t, other.RemoveNetwork(context.Background(), network))
				}
			})
		})
	})
	var out bytes.Buffer
	shown, err := progress.New(&out, "plain", "")
	assert.NilError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := f.as(t).PoolUp(ctx, f.stack, PoolOptions{Size: 1, BuildOptions: BuildOptions{Progress: shown}})
	shown.Close()
	assert.NilError(t, err)
	assert.Equal(t, p.Ready, 1)
	assert.Assert(t, strings.Contains(out.String(), "wait for another docker bmo that fills the pool"), out.String())
}
