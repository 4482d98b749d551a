package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// TestR7OutputOfTheEngine: what only the engine has is shown, the last lines or all of them, without being in memory.
func TestR7OutputOfTheEngine(t *testing.T) {
	const lines, most = 30_000, 15 << 20 // of a kilobyte
	f := newFixture(t)
	h := header(id1)
	h.Created = f.e.Now()
	c := f.container(id1, "web", enginetest.Serve())
	f.start(c)
	f.Generate(c, lines, func(int) string { return strings.Repeat("x", 1<<10) })
	for _, q := range []struct {
		Query
		want int
	}{{Query{Tail: 1}, 1}, {all, lines}} {
		before := inUse()
		v, err := OpenLive(t.Context(), f.e, h, label.Instance+"=shop", q.Query)
		assert.NilError(t, err)
		shown := 0
		assert.NilError(t, v.Read(func(e Entry) error {
			if e.Kind == KindLine {
				shown++
			}
			return nil
		}))
		took := inUse() - before
		assert.NilError(t, v.Close())
		assert.Equal(t, shown, q.want)
		assert.Assert(t, took < most, "tail %d: %d bytes", q.Tail, took)
	}
}

// TestR7ManyLines: of a record that is read only where its entries stand is in memory.
func TestR7ManyLines(t *testing.T) {
	const lines, most = 200_000, 20 << 20
	a, r := create(t, id1)
	for i := range lines {
		r.Add(Entry{Time: at(i), Kind: KindLine, Service: "web", Container: "c", Text: "x"})
	}
	assert.NilError(t, r.Close())
	i, err := a.Find(id1)
	assert.NilError(t, err)
	before := inUse()
	v, err := a.Open(t.Context(), nil, i, all)
	assert.NilError(t, err)
	defer v.Close()
	shown := 0
	assert.NilError(t, v.Read(func(Entry) error { shown++; return nil }))
	took := inUse() - before
	assert.Equal(t, shown, lines)
	assert.Assert(t, took < most, "%d bytes", took)
}

// TestR7LastLines: the others take no more disk than memory, and nothing stays in either.
func TestR7LastLines(t *testing.T) {
	least := leastSpill
	leastSpill = 64 << 10
	t.Cleanup(func() { leastSpill = least })
	f := newFixture(t)
	t.Setenv("TMPDIR", t.TempDir())
	h := header(id1)
	h.Created = f.e.Now()
	c := f.container(id1, "web", enginetest.Serve())
	f.start(c)
	f.Generate(c, 10_000, func(i int) string { return fmt.Sprint(i, strings.Repeat(" ", 1<<10)) })
	v, err := OpenLive(t.Context(), f.e, h, label.Instance+"=shop", Query{Tail: 2, Match: isLine})
	assert.NilError(t, err)
	defer v.Close()
	assert.Assert(t, v.spill.size < 1<<20, "%d bytes", v.spill.size)
	assert.Equal(t, v.Omitted("web"), 9_998)
	var got []string
	assert.NilError(t, v.Read(func(e Entry) error { got = append(got, strings.TrimSpace(e.Text)); return nil }))
	assert.DeepEqual(t, got, []string{"9998", "9999"})
	left, err := os.ReadDir(os.TempDir())
	assert.NilError(t, err)
	assert.Equal(t, len(left), 0)
}

// TestR9NoRoomToOrder: where the engine's output cannot be put in order that is said, and no more of it is read.
func TestR9NoRoomToOrder(t *testing.T) {
	const lines = 10_000
	f := newFixture(t)
	h := header(id1)
	h.Created = f.e.Now()
	c := f.container(id1, "web", enginetest.Serve())
	f.start(c)
	made := f.Generate(c, lines, func(int) string { return strings.Repeat("x", 1<<10) })
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	_, err := OpenLive(t.Context(), f.e, h, label.Instance+"=shop", Query{Tail: -1, Match: isLine})
	assert.ErrorContains(t, err, "put the engine's output in order: ")
	assert.Assert(t, made() < lines/2, "%d of them were read", made())
}

func isLine(e Entry) bool { return e.Kind == KindLine }

// inUse is how much memory is in use.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
