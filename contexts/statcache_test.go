package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// later makes files that were just written look old enough to be remembered.
func later(t testing.TB) {
	clock = func() time.Time { return time.Now().Add(time.Hour) }
	t.Cleanup(func() { clock = time.Now })
}

// reads loads the contexts of a stack and returns how many files it read.
func reads(t testing.TB, st *stack.Stack, cache string) (*Tree, int) {
	t.Helper()
	count := 0
	result, err := Load(context.Background(), st, Options{Cache: cache, Progress: func(_, detail string) {
		if detail != "" {
			var all, read int
			_, err := fmt.Sscanf(detail, "%d files, %d of them", &all, &read)
			assert.NilError(t, err)
			count += read
		}
	}})
	assert.NilError(t, err)
	return result.Trees["one"], count
}

func TestStatCache(t *testing.T) {
	later(t)
	cache := filepath.Join(t.TempDir(), "made", "here")
	dir := folder(t, files{"a": "1", "b/c": "x:2", "d": "3"})
	st := oneContext(dir)
	first, read := reads(t, st, cache)
	assert.Equal(t, read, 3)
	again, read := reads(t, st, cache)
	assert.Equal(t, read, 0)
	assert.Equal(t, again.Digest(), first.Digest())

	for _, change := range []struct {
		name string
		do   func() error
		read int
		same bool
	}{
		{"content of equal size and time", func() error {
			info, err := os.Stat(dir + "/a")
			if err == nil {
				err = os.WriteFile(dir+"/a", []byte("9"), 0o644)
			}
			if err == nil {
				err = os.Chtimes(dir+"/a", info.ModTime(), info.ModTime())
			}
			return err
		}, 1, false},
		{"another file in its place", func() error {
			if err := os.WriteFile(dir+"/new", []byte("8"), 0o644); err != nil {
				return err
			}
			return os.Rename(dir+"/new", dir+"/a")
		}, 1, false},
		{"executable", func() error { return os.Chmod(dir+"/a", 0o755) }, 1, false},
		{"time", func() error { return os.Chtimes(dir+"/a", time.Now(), time.Now()) }, 1, true},
		{"a further file", func() error { return os.WriteFile(dir+"/e", nil, 0o644) }, 1, false},
		{"a file less", func() error { return os.Remove(dir + "/e") }, 0, false},
		{"nothing", func() error { return nil }, 0, true},
	} {
		before := again
		assert.NilError(t, change.do())
		again, read = reads(t, st, cache)
		assert.Equal(t, read, change.read, change.name)
		assert.Equal(t, again.Digest() == before.Digest(), change.same, change.name)
		assert.Equal(t, again.Digest(), one(t, dir).Digest(), change.name)
	}
}

// What was written a moment ago may be written again without a change of its times: a file system's clock is coarse.
func TestStatCacheDistrustsFreshFiles(t *testing.T) {
	cache, dir := t.TempDir(), folder(t, files{"a": "1"})
	st := oneContext(dir)
	for range 2 {
		_, read := reads(t, st, cache)
		assert.Equal(t, read, 1)
	}
	assert.NilError(t, os.Chtimes(dir+"/a", epoch, epoch)) // says nothing: anybody can set it
	_, read := reads(t, st, cache)
	assert.Equal(t, read, 1)
	for _, test := range []struct {
		after time.Duration
		known bool
	}{{-time.Hour, false}, {mtimeSlack - time.Millisecond, false}, {mtimeSlack + time.Millisecond, true}} {
		c := openStatCache(t.TempDir())
		info, err := os.Lstat(dir + "/a")
		assert.NilError(t, err)
		id, _ := identityOf(info)
		c.store(info, [32]byte{1}, time.Unix(0, id.ChTime).Add(test.after))
		_, known := c.lookup(info)
		assert.Equal(t, known, test.known, "%s", test.after)
	}
}

func TestStatCacheDamaged(t *testing.T) {
	later(t)
	dir := folder(t, files{"a": "1", "b": "2"})
	st := oneContext(dir)
	want := one(t, dir).Digest()
	for name, damage := range map[string]func(file string, data []byte) error{
		"absent":     func(f string, _ []byte) error { return os.Remove(f) },
		"empty":      func(f string, _ []byte) error { return os.Truncate(f, 0) },
		"cut off":    func(f string, d []byte) error { return os.Truncate(f, int64(len(d)-1)) },
		"cut at one": func(f string, d []byte) error { return os.Truncate(f, int64(len(d)-recordSize)) },
		"one bit": func(f string, d []byte) error {
			d[len(statCacheMagic)+50] ^= 1
			return os.WriteFile(f, d, 0o600)
		},
		"another version": func(f string, d []byte) error {
			return os.WriteFile(f, []byte(strings.Replace(string(d), "v1", "v0", 1)), 0o600)
		},
		"anything": func(f string, _ []byte) error { return os.WriteFile(f, []byte(strings.Repeat("x", 1000)), 0o600) },
		"a folder": func(f string, _ []byte) error { os.Remove(f); return os.Mkdir(f, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			reads(t, st, cache)
			file := filepath.Join(cache, statCacheName)
			data, err := os.ReadFile(file)
			assert.NilError(t, err)
			assert.NilError(t, damage(file, data))
			tree, read := reads(t, st, cache)
			assert.Equal(t, read, 2)
			assert.Equal(t, tree.Digest(), want)
			if name != "a folder" {
				_, read = reads(t, st, cache)
				assert.Equal(t, read, 0, "the cache was not repaired")
			}
			left, err := filepath.Glob(file + ".tmp*")
			assert.NilError(t, err)
			assert.Equal(t, len(left), 0)
		})
	}
}

// A cache that cannot be written is as good as none.
func TestStatCacheNoFolder(t *testing.T) {
	later(t)
	dir := folder(t, files{"a": "1", "file": ""})
	st := oneContext(dir)
	for range 2 {
		_, read := reads(t, st, dir+"/file/cache")
		assert.Equal(t, read, 2)
	}
}

func TestStatCacheForgets(t *testing.T) {
	cache := t.TempDir()
	c := openStatCache(cache)
	day := func(ino uint64, age int32) {
		c.files[identity{Ino: ino}] = remembered{Sum: [32]byte{byte(ino)}, Day: c.today - age}
	}
	day(1, 0)
	day(2, keepDays)
	day(3, keepDays+1)
	c.dirty = true
	c.save()
	left := readStatCache(c.path)
	assert.Equal(t, len(left), 2)
	assert.Equal(t, left[identity{Ino: 2}], c.files[identity{Ino: 2}])

	// A second writer leaves what the first one wrote.
	other := openStatCache(cache)
	other.files = map[identity]remembered{{Ino: 4, Size: -1}: {Day: other.today}}
	other.dirty = true
	other.save()
	assert.Equal(t, len(readStatCache(c.path)), 3)
}

// Many at once share one cache folder.
func TestConcurrentLoad(t *testing.T) {
	later(t)
	cache, dir := t.TempDir(), folder(t, odd)
	want := one(t, dir).Digest()
	errs := make(chan error)
	for range 8 {
		go func() {
			result, err := Load(context.Background(), oneContext(dir), Options{Cache: cache})
			if err == nil && result.Trees["one"].Digest() != want {
				err = fmt.Errorf("another digest")
			}
			errs <- err
		}()
	}
	for range 8 {
		assert.NilError(t, <-errs)
	}
	_, read := reads(t, oneContext(dir), cache)
	assert.Equal(t, read, 0)
}
