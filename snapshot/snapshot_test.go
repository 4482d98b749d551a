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

// named returns a snapshot that was committed under a name.
func named(stack, key, name string, n int) snapshot.Snapshot {
	s := snapshottest.New(stack, key, day(n), "db")
	s.Name, s.Parent = name, snapshottest.Key("parent")
	return s
}

// TestNames: a name is that of the newest complete snapshot of its stack that was given it, and wins over keys.
func TestNames(t *testing.T) {
	f := enginetest.New(t)
	snapshottest.Add(f, named("demo", "aa", "seeded", 1))
	snapshottest.Add(f, named("demo", "bb", "seeded", 2))
	snapshottest.Add(f, named("demo", "cc", "aa", 3))
	snapshottest.Add(f, named("other", "dd", "both", 4))
	snapshottest.Add(f, named("demo", "ee", "both", 5))
	half := named("demo", "ff", "seeded", 6)
	half.Services = []string{"db", "web"}
	snapshottest.Add(f, half, "web")
	e := f.Engine(t)
	for ref, want := range map[string]string{"seeded": "bb", "aa": "cc", "bb": "bb", snapshottest.Key("aa"): "aa"} {
		s, err := snapshot.Resolve(t.Context(), e, ref)
		assert.NilError(t, err, ref)
		assert.Equal(t, s.Key, snapshottest.Key(want), ref)
	}
	_, err := snapshot.Resolve(t.Context(), e, "both")
	assert.Error(t, err, `snapshot "both" is ambiguous: ee0000000000 of stack demo and dd0000000000 of stack other have that name`)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	var shown []string
	for _, s := range list {
		if s.Complete() {
			shown = append(shown, s.Key[:2]+" "+s.Name)
		}
	}
	assert.DeepEqual(t, shown, []string{"ee both", "dd both", "cc aa", "bb seeded", "aa "})
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"", "a", "with-orders", "V1.2_x", "_x", "cafe", "0123456789ab0"} {
		assert.NilError(t, snapshot.CheckName(name), name)
	}
	for _, name := range []string{"-x", ".x", "a b", "a/b", "0123456789ab", snapshottest.Key("abc"), strings.Repeat("x", 129)} {
		assert.ErrorContains(t, snapshot.CheckName(name), "invalid snapshot name", name)
	}
}

// TestKeepNamed: those with a name stay, and the others that were committed are no reason to give up what was built.
func TestKeepNamed(t *testing.T) {
	list := []snapshot.Snapshot{
		named("demo", "a", "", 9), named("demo", "b", "", 8), named("demo", "c", "seeded", 7), snapshottest.New("demo", "d", day(6)),
		snapshottest.New("demo", "e", day(5)),
	}
	keys := func(list []snapshot.Snapshot) (out string) {
		for _, s := range list {
			out += s.Key[:1]
		}
		return out
	}
	for n, want := range map[int]string{0: "c", 1: "acd", 2: "abcde"} {
		keep, rest := snapshot.Keep(list, n)
		assert.Equal(t, keys(keep), want)
		assert.Equal(t, len(keep)+len(rest), len(list))
	}
}

func TestDrift(t *testing.T) {
	with := func(list ...string) snapshot.Snapshot {
		s := snapshottest.New("demo", "a", day(1), "db")
		s.Images = map[string]engine.Image{"db": {Labels: map[string]string{label.Drift: snapshot.DriftLabel(list)}}}
		return s
	}
	assert.DeepEqual(t, with("context app: changed a.txt", "service web in the file").Drift(), []string{"context app: changed a.txt", "service web in the file"})
	assert.Equal(t, len(with().Drift()), 0)
	long := with("context app: changed " + strings.Repeat("a/b.txt, ", 1000)).Drift()[0]
	assert.Assert(t, len(long) < 5000 && strings.HasSuffix(long, "a/b.txt, ..."), len(long))
}

// TestKeepGrafted: a snapshot with the data of another platform's is no reason to give that one up.
func TestKeepGrafted(t *testing.T) {
	own, grafted := snapshottest.New("demo", "a", day(1), "db"), snapshottest.New("demo", "b", day(2), "db")
	grafted.Images = map[string]engine.Image{"db": {Labels: map[string]string{label.Data: snapshot.DataLabel(own, "linux/amd64")}}}
	assert.Equal(t, grafted.Grafted(), own.Key+" linux/amd64")
	assert.Equal(t, grafted.Detail().Data, own.Key+" linux/amd64")
	keep, rest := snapshot.Keep([]snapshot.Snapshot{grafted, own}, 1)
	assert.Equal(t, len(keep), 2)
	assert.Equal(t, len(rest), 0)
}

func TestBuiltLayers(t *testing.T) {
	n, err := snapshot.BuiltLayers(map[string]string{label.BuiltLayers: "2"}, 3)
	assert.NilError(t, err)
	assert.Equal(t, n, 2)
	for _, label := range []map[string]string{nil, {label.BuiltLayers: "-1"}, {label.BuiltLayers: "4"}, {label.BuiltLayers: "x"}} {
		_, err := snapshot.BuiltLayers(label, 3)
		assert.ErrorContains(t, err, "does not say which of its layers are the bootstrap's")
	}
}
