package snapshot_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// day returns a time on the nth day of a month.
func day(n int) time.Time { return time.Date(2024, 2, n, 12, 0, 0, 123456789, time.UTC) }

// shown is a snapshot as tests compare it: the beginning of its key, and a mark if it is incomplete.
func shown(list []snapshot.Snapshot) (out []string) {
	for _, s := range list {
		text := fmt.Sprintf("%s %.2s %d", s.Stack, s.Key, s.Created.Day())
		if !s.Complete() {
			text += " half"
		}
		out = append(out, text)
	}
	return out
}

func TestLabels(t *testing.T) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	assert.NilError(t, enc.Encode(snapshottest.New("demo", "aa", day(1).In(time.FixedZone("CET", 3600)), "web", "db").Labels()))
	golden.Assert(t, b.String(), "labels.golden")
}

func TestList(t *testing.T) {
	f := enginetest.New(t)
	snapshottest.Add(f, snapshottest.New("demo", "aa", day(1), "db", "web"))
	snapshottest.Add(f, snapshottest.New("demo", "bb", day(3), "db", "web"), "web")
	snapshottest.Add(f, snapshottest.New("other", "cc", day(2), "app"))
	// The same key made again: two sets, which are never mixed.
	snapshottest.Add(f, snapshottest.New("demo", "aa", day(5), "db", "web"), "db")
	e := f.Engine(t)

	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	assert.DeepEqual(t, shown(list), []string{"demo aa 5 half", "demo bb 3 half", "other cc 2", "demo aa 1"})
	aa := list[3]
	assert.Equal(t, aa.Version, "test")
	assert.Assert(t, aa.Created.Equal(day(1)))
	assert.DeepEqual(t, aa.Services, []string{"db", "web"})
	assert.Equal(t, aa.Images["web"].ID, snapshottest.ID(aa, "web"))
	assert.Equal(t, aa.Size(), int64(300e6))

	list, err = snapshot.List(t.Context(), e, label.Stack+"=other")
	assert.NilError(t, err)
	assert.DeepEqual(t, shown(list), []string{"other cc 2"})
}

func TestSameTimeIsSortedByKey(t *testing.T) {
	f := enginetest.New(t)
	for _, key := range []string{"cc", "aa", "bb"} {
		snapshottest.Add(f, snapshottest.New("demo", key, day(1), "db"))
	}
	list, err := snapshot.List(t.Context(), f.Engine(t))
	assert.NilError(t, err)
	assert.DeepEqual(t, shown(list), []string{"demo aa 1", "demo bb 1", "demo cc 1"})
}

func TestWhatIsNoSnapshot(t *testing.T) {
	s := snapshottest.New("demo", "aa", day(1), "web")
	own := s.Labels()
	own[label.Service] = "web"
	for _, c := range []struct {
		name   string
		change func(*enginetest.Image)
	}{
		{"no key", func(i *enginetest.Image) { delete(i.Labels, label.Key) }},
		{"no services", func(i *enginetest.Image) { delete(i.Labels, label.Services) }},
		{"another role", func(i *enginetest.Image) { i.Labels[label.Role] = label.RoleRaw }},
		{"derived from a snapshot's image", func(i *enginetest.Image) { i.Created = day(2) }},
		{"created at no time", func(i *enginetest.Image) { i.Labels[label.Created] = "soon" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := enginetest.New(t)
			i := enginetest.Image{Labels: s.Labels(), Created: s.Created}
			i.Labels[label.Service] = "web"
			c.change(&i)
			f.AddImage(i)
			list, err := snapshot.List(t.Context(), f.Engine(t))
			assert.NilError(t, err)
			assert.Equal(t, len(list), 0)
		})
	}
}

func TestComplete(t *testing.T) {
	img := engine.Image{ID: "sha256:1"}
	for _, c := range []struct {
		services string
		images   []string
		want     bool
	}{
		{"", nil, false},
		{"web", nil, false},
		{"web", []string{"web"}, true},
		{"db web", []string{"web"}, false},
		{"db web", []string{"web", "db"}, true},
		{"db web", []string{"web", "other"}, false},
	} {
		s := snapshot.Snapshot{Services: strings.Fields(c.services), Images: map[string]engine.Image{}}
		for _, name := range c.images {
			s.Images[name] = img
		}
		assert.Equal(t, s.Complete(), c.want, "%s of %s", c.images, c.services)
	}
}

func TestFind(t *testing.T) {
	f := enginetest.New(t)
	snapshottest.Add(f, snapshottest.New("demo", "aa", day(1), "db", "web"))
	snapshottest.Add(f, snapshottest.New("demo", "aa", day(2), "db", "web"))
	snapshottest.Add(f, snapshottest.New("demo", "aa", day(3), "db", "web"), "db") // incomplete: never used
	snapshottest.Add(f, snapshottest.New("demo", "bb", day(4), "db", "web"))
	e := f.Engine(t)
	requests := len(f.Requests())
	s, err := snapshot.Find(t.Context(), e, "inputs-aa")
	assert.NilError(t, err)
	assert.Equal(t, s.Created.Day(), 2)
	// Unchanged inputs take one request.
	assert.DeepEqual(t, f.Requests()[requests:], []string{"HEAD /_ping", "GET /images/json"})

	s, err = snapshot.FindKey(t.Context(), e, snapshottest.Key("bb"))
	assert.NilError(t, err)
	assert.Equal(t, s.Created.Day(), 4)

	for _, inputs := range []string{"", "inputs-cc", "inputs-a"} {
		s, err = snapshot.Find(t.Context(), e, inputs)
		assert.NilError(t, err)
		assert.Assert(t, s == nil)
	}
	f.Fail("GET", "/images/json", 500, "no", 1)
	_, err = snapshot.Find(t.Context(), e, "inputs-aa")
	assert.ErrorContains(t, err, "list images: ")
}

func TestResolve(t *testing.T) {
	f := enginetest.New(t)
	snapshottest.Add(f, snapshottest.New("demo", "aab", day(1), "db"))
	snapshottest.Add(f, snapshottest.New("demo", "aab", day(2), "db"))
	snapshottest.Add(f, snapshottest.New("demo", "aac", day(3), "db"))
	snapshottest.Add(f, snapshottest.New("demo", "b", day(4), "db"))
	snapshottest.Add(f, snapshottest.New("demo", "bc", day(5), "db", "web"), "web")
	e := f.Engine(t)
	for prefix, want := range map[string]int{"aab": 2, snapshottest.Key("aab"): 2, "aac": 3, "b": 4} {
		s, err := snapshot.Resolve(t.Context(), e, prefix)
		assert.NilError(t, err, prefix)
		assert.Equal(t, s.Created.Day(), want, prefix)
	}
	_, err := snapshot.Resolve(t.Context(), e, "aa")
	assert.Error(t, err, `snapshot "aa" is ambiguous: aac000000000 and aab000000000 begin with it`)
	for _, prefix := range []string{"bc", "x", ""} {
		_, err = snapshot.Resolve(t.Context(), e, prefix)
		assert.Error(t, err, "no such snapshot: "+prefix)
		assert.DeepEqual(t, hint.All(err), []string{"`docker bmo snapshot ls` lists them"})
	}
}

func TestKeep(t *testing.T) {
	var list []snapshot.Snapshot
	for _, text := range []string{"demo 9", "other 8", "demo 7", "demo 6", "other 5"} {
		var stack string
		var n int
		_, err := fmt.Sscan(text, &stack, &n)
		assert.NilError(t, err)
		list = append(list, snapshottest.New(stack, "aa", day(n)))
	}
	days := func(list []snapshot.Snapshot) (out []int) {
		for _, s := range list {
			out = append(out, s.Created.Day())
		}
		return out
	}
	for n, want := range map[int][]int{0: nil, 1: {9, 8}, 2: {9, 8, 7, 5}, 3: {9, 8, 7, 6, 5}, 10: {9, 8, 7, 6, 5}} {
		keep, rest := snapshot.Keep(list, n)
		assert.DeepEqual(t, days(keep), want)
		assert.Equal(t, len(keep)+len(rest), len(list))
		for _, s := range rest {
			assert.Assert(t, !slices.Contains(days(keep), s.Created.Day()))
		}
	}
}
