package bmo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// everything is a stack with something of each kind in it.
func everything() *stack.Stack {
	return &stack.Stack{
		Name: "shop", Dir: "/srv/shop", Files: []string{"compose.yaml"},
		Services: []stack.Service{{
			Name: "web", Build: &stack.Build{Context: "."}, Command: []string{"serve", "$(x)"}, Environment: map[string]string{"PASSWORD": "hunter2"},
			Files:       []stack.File{{Name: "token", Secret: true, Target: "/run/secrets/token", Source: stack.Content{Path: "token"}, Mode: 0o400}},
			Mounts:      []stack.Mount{{Target: "/data", Volume: "data", Shared: true}},
			Ready:       stack.Ready{HTTP: &stack.HTTP{Port: 80, Path: "/", MinStatus: 200, MaxStatus: 399}, Timeout: time.Minute},
			Healthcheck: &stack.Healthcheck{Test: []string{"CMD", "true"}, Interval: time.Second}, Snapshot: true,
			Flavors: map[string]stack.Flavor{"regular": {MemLimit: 1}}, Settings: stack.Settings{CPUs: 1.5},
		}},
		Start: []stack.Step{{Service: "web", Command: []string{"set-url"}, Environment: map[string]string{"URL": "{{.URL}}"}}},
		URL:   stack.URL{Service: "web", Port: 80, Environment: map[string]string{"AT": "{{.URL}}"}}, Env: map[string]string{"SHOP": "{{.URL}}"},
	}
}

// kept puts a snapshot of a stack that a client has sealed onto the engine.
func (d *fixture) kept(t *testing.T, c *Client, st *stack.Stack, key string) {
	t.Helper()
	s := snapshottest.New(st.Name, key, time.Now(), "web")
	labels := s.Labels()
	labels[label.Service], labels[label.Start] = "web", c.sealStart(st)
	d.AddImage(enginetest.Image{ID: snapshottest.ID(s, "web"), Tags: []string{"web:" + key}, Labels: labels, Created: s.Created})
}

// U18: a start needs nothing but the key.
func TestU18StackIsKeptWithTheSnapshot(t *testing.T) {
	d := newFixture(t)
	dir := filepath.Join(t.TempDir(), "state")
	c := d.client(t, WithStateDir(dir))
	d.kept(t, c, everything(), "0123456789abcdef")
	st, err := d.client(t, WithStateDir(dir)).KeptStack(t.Context(), "012345", []string{"TOKEN=x=y"})
	assert.NilError(t, err)
	want := everything()
	want.Variables, want.BuiltIn = map[string]string{"TOKEN": "x=y"}, dockerfiles.FS
	assert.DeepEqual(t, st.Services, want.Services)
	assert.DeepEqual(t, st.Start, want.Start)
	assert.DeepEqual(t, st.URL, want.URL)
	assert.DeepEqual(t, st.Env, want.Env)
	assert.DeepEqual(t, st.Variables, want.Variables)
	assert.Equal(t, st.Dir, want.Dir)
}

// TestU18BuiltInStack: its files are those of the program.
func TestU18BuiltInStack(t *testing.T) {
	d := newFixture(t)
	c := d.client(t, WithStateDir(t.TempDir()))
	st, err := LoadStack(t.Context(), "demo", StackOptions{})
	assert.NilError(t, err)
	d.kept(t, c, st, "0123456789abcdef")
	again, err := c.KeptStack(t.Context(), "012345", nil)
	assert.NilError(t, err)
	assert.Equal(t, again.FS, st.FS)
	assert.DeepEqual(t, again.Services, st.Services)
	canonical, err := st.Canonical()
	assert.NilError(t, err)
	same, err := again.Canonical()
	assert.NilError(t, err)
	assert.Equal(t, string(same), string(canonical))
}

// TestU18NobodyElseReadsIt: not from the label, and not without the key, which only its user can read.
func TestU18NobodyElseReadsIt(t *testing.T) {
	d := newFixture(t)
	dir := t.TempDir()
	c := d.client(t, WithStateDir(dir))
	sealed := c.sealStart(everything())
	assert.Assert(t, sealed != "" && sealed != c.sealStart(everything()))
	for _, word := range []string{"hunter2", "PASSWORD", "shop"} {
		assert.Assert(t, !strings.Contains(sealed, word))
	}
	info, err := os.Stat(filepath.Join(dir, startKey))
	assert.NilError(t, err)
	assert.Equal(t, info.Mode().Perm(), os.FileMode(0o600))
	entries, err := os.ReadDir(dir)
	assert.NilError(t, err)
	assert.Equal(t, len(entries), 1)

	d.kept(t, c, everything(), "0123456789abcdef")
	for name, other := range map[string]*Client{
		"another user":  d.client(t, WithStateDir(t.TempDir())),
		"another key":   func() *Client { o := d.client(t, WithStateDir(t.TempDir())); o.sealStart(everything()); return o }(),
		"nothing known": d.client(t),
	} {
		_, err := other.KeptStack(t.Context(), "0123", nil)
		assert.ErrorIs(t, err, ErrNotKept, name)
		assert.DeepEqual(t, hint.All(err), []string{"name the stack that it was made from with --stack"})
	}
	assert.Equal(t, d.client(t).sealStart(everything()), "")
	_, err = c.KeptStack(t.Context(), "ffff", nil)
	assert.Error(t, err, "no such snapshot: ffff")
}
