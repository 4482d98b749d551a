package journal

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// smallRecords limits records to a kilobyte.
func smallRecords(t *testing.T) {
	t.Helper()
	before := maxRecord
	maxRecord = 1 << 10
	t.Cleanup(func() { maxRecord = before })
}

// TestR9FullRecordIsNotReadOn: what there is no room for is not read either before a container is removed.
func TestR9FullRecordIsNotReadOn(t *testing.T) {
	const lines = 10_000
	smallRecords(t)
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve())
	f.keeper.End(t.Context(), id1, "", nil)
	f.start(c)
	made := f.Generate(c, lines, func(int) string { return strings.Repeat("x", 1<<10) })
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	assert.Assert(t, made() < lines/2, "%d of them were read", made())
	got := f.entries(id1, false)
	assert.Equal(t, count(got, "gap"), 1, "%q", briefs(got))
}

// TestR9FullRecordIsSaidOnce: neither is it read on by who follows it, and a second process does not say it again.
func TestR9FullRecordIsSaidOnce(t *testing.T) {
	const lines = 10_000
	smallRecords(t)
	f := newFixture(t)
	f.keeper.Begin(t.Context(), header(id1))
	c := f.container(id1, "web", enginetest.Serve())
	made := f.Generate(c, lines, func(int) string { return strings.Repeat("x", 1<<10) })
	f.start(c)
	until(t, func() bool { return count(f.entries(id1, false), "gap") == 1 })
	f.keeper.End(t.Context(), id1, "", nil)
	assert.Assert(t, made() < lines/2, "%d of them were read", made())
	k := f.another()
	assert.NilError(t, f.e.RemoveContainer(t.Context(), c))
	k.Settle(t.Context())
	got := f.entries(id1, false)
	assert.Equal(t, count(got, "gap"), 1, "%q", briefs(got))
	assert.Equal(t, brief(got[len(got)-1]), "end removed")
}

// count counts entries by what they are in brief.
func count(list []Entry, what string) (n int) {
	for _, b := range briefs(list) {
		if b == what {
			n++
		}
	}
	return n
}
