package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// buildKit is how BuildKit, or a build of any kind, is asked for.
const buildKit = `/(grpc|session|build)(\?|$)`

// The first run took 30 s in front of every test; nobody knew when it was needed again (story 12).
func TestStory06UnchangedIsAnsweredAtOnce(t *testing.T) {
	p := newProxy(t, nil, nil)
	a := newMini(t, "unchanged", nil)
	a.cli = p.cli()

	key := a.build(t)
	assert.Assert(t, len(p.seen(buildKit)) > 0, "the proxy does not see BuildKit")

	p.forget()
	assert.Equal(t, a.build(t), key)
	assert.DeepEqual(t, p.seen(buildKit), []string{})
	// The proxy stood in between, and nothing was made or changed by way of it.
	assert.Equal(t, len(p.seen(`^GET .*/images/json`)) > 0, true)
	assert.DeepEqual(t, p.seen(`^(POST|PUT|DELETE) `), []string{})

	p.forget()
	i := a.run(t)
	assert.Equal(t, i.Key[:len(key)], key)
	assert.DeepEqual(t, p.seen(buildKit), []string{})
}

// The first run is kept by the content of what goes into it, like a layer of an image: neither times nor owners nor
// permissions nor the place count.
func TestStory07FirstRunIsKeptByContent(t *testing.T) {
	a := newMini(t, "content", nil)
	key := a.build(t)

	moved := *a
	moved.dir = filepath.Join(t.TempDir(), "elsewhere", "app")
	assert.NilError(t, os.CopyFS(filepath.Dir(moved.dir), os.DirFS(filepath.Dir(a.dir))))
	assert.NilError(t, filepath.WalkDir(moved.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
		return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
	}))
	r := moved.do(t, "build").ok(t)
	assert.Equal(t, r.text(), key)
	assert.Equal(t, len(a.keys(t)), 1)
}

// A changed input has a snapshot of its own, and the old one is still there: stale ones gave wrong results.
func TestStory12ChangedInputHasAnotherKey(t *testing.T) {
	t.Parallel()
	a := newMini(t, "inputs", nil)
	first := a.build(t)
	want := []string{first}

	changes := map[string]func() []string{
		"file":          func() []string { a.write(t, "../shared/greeting", "another one\n"); return nil },
		"new file":      func() []string { a.write(t, "../shared/new", ""); return nil },
		"variable":      func() []string { return []string{"--set", "MINI_FAULT=none"} },
		"build arg":     func() []string { return []string{"--build-arg", "MINI_UNUSED=1"} },
		"build context": func() []string { return []string{"--build-context", "optional=" + a.dir} },
		"first run":     func() []string { return []string{"--set", "MINI_FIRST_RUN=other"} },
	}
	for what, change := range changes {
		key := a.build(t, change()...)
		for _, old := range want {
			assert.Assert(t, key != old, "%s: still %s", what, key)
		}
		want = append([]string{key}, want...)
		assert.DeepEqual(t, a.keys(t), want)
	}

	// What is as it was is found again.
	a.write(t, "../shared/greeting", "greetings\n")
	assert.NilError(t, os.Remove(filepath.Join(a.dir, "../shared/new")))
	assert.Equal(t, a.build(t), first)
	assert.DeepEqual(t, a.keys(t), want)
}
