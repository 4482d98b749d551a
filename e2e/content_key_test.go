package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// buildKit is how BuildKit, or a build of any kind, is asked for.
const buildKit = `/(grpc|session|build)(\?|$)`

// The first run took 30 s in front of every test; nobody knew when it was needed again.
func TestUnchangedIsAnsweredAtOnce(t *testing.T) {
	p := harness.NewProxy(t, nil, nil)
	a := harness.NewMini(t, "unchanged", nil)
	a.CLI = p.CLI()

	key := a.Build(t)
	assert.Assert(t, len(p.Seen(buildKit)) > 0, "the proxy does not see BuildKit")

	p.Forget()
	assert.Equal(t, a.Build(t), key)
	assert.DeepEqual(t, p.Seen(buildKit), []string{})
	// The proxy stood in between, and nothing was made or changed by way of it.
	assert.Equal(t, len(p.Seen(`^GET .*/images/json`)) > 0, true)
	assert.DeepEqual(t, p.Seen(`^(POST|PUT|DELETE) `), []string{})

	p.Forget()
	i := a.Run(t)
	assert.Equal(t, i.Key[:len(key)], key)
	assert.DeepEqual(t, p.Seen(buildKit), []string{})
}

// The first run is kept by the content of what goes into it, like a layer of an image: neither times nor owners nor
// the place count, nor does which of the two usual umasks somebody has.
func TestBootstrapIsKeptByContent(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewMini(t, "content", nil)
	key := a.Build(t)

	moved := *a
	moved.Dir = filepath.Join(t.TempDir(), "elsewhere", "app")
	assert.NilError(t, os.CopyFS(filepath.Dir(moved.Dir), os.DirFS(filepath.Dir(a.Dir))))
	assert.NilError(t, filepath.WalkDir(moved.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.Chmod(path, info.Mode()|0o020); err != nil {
			return err
		}
		return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
	}))
	r := moved.Do(t, "build").OK(t)
	assert.Equal(t, r.Text(), key)
	assert.Equal(t, len(a.Keys(t)), 1)
}

// A changed input has a snapshot of its own, and the old one is still there: stale ones gave wrong results.
func TestChangedInputHasAnotherKey(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewMini(t, "inputs", nil)
	first := a.Build(t)
	want := []string{first}

	changes := map[string]func() []string{
		"file":          func() []string { a.Write(t, "../shared/greeting", "another one\n"); return nil },
		"new file":      func() []string { a.Write(t, "../shared/new", ""); return nil },
		"variable":      func() []string { return []string{"--set", "MINI_FAULT=none"} },
		"build arg":     func() []string { return []string{"--build-arg", "MINI_UNUSED=1"} },
		"build context": func() []string { return []string{"--build-context", "optional=" + a.Dir} },
		"first run":     func() []string { return []string{"--set", "MINI_FIRST_RUN=other"} },
	}
	for what, change := range changes {
		key := a.Build(t, change()...)
		for _, old := range want {
			assert.Assert(t, key != old, "%s: still %s", what, key)
		}
		want = append([]string{key}, want...)
		assert.DeepEqual(t, a.Keys(t), want)
	}

	// What is as it was is found again.
	a.Write(t, "../shared/greeting", "greetings\n")
	assert.NilError(t, os.Remove(filepath.Join(a.Dir, "../shared/new")))
	assert.Equal(t, a.Build(t), first)
	assert.DeepEqual(t, a.Keys(t), want)
}

// An older snapshot runs though the stack has changed.
func TestRunOlderSnapshot(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "older", nil)
	old := a.Build(t)
	a.Edit(t, harness.Edits{"services.web.environment.CHANGED": "yes"})
	assert.Assert(t, a.Build(t) != old)
	s := a.Runs(t, "--snapshot", old)[0]
	assert.Equal(t, s.Key[:len(old)], old)
}
