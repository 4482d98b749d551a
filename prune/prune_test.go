package prune_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// now is the time at which the tests run; day returns a time some days before.
var now = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

func day(age int) time.Time { return now.AddDate(0, 0, -age) }

// add adds a snapshot of that age to the engine and returns it.
func add(f *enginetest.Fake, stack, key string, age int, missing ...string) snapshot.Snapshot {
	s := snapshottest.New(stack, key, day(age), "db", "web")
	snapshottest.Add(f, s, missing...)
	return s
}

// plan returns the snapshots to remove according to the policy, as "STACK BEGINNING-OF-KEY".
func plan(t *testing.T, e *engine.Engine, p prune.Policy) (out []string) {
	t.Helper()
	list, err := snapshot.All(t.Context(), e)
	assert.NilError(t, err)
	used, err := prune.InUse(t.Context(), e)
	assert.NilError(t, err)
	for _, s := range prune.Plan(list, used, p, now) {
		out = append(out, fmt.Sprintf("%s %.1s", s.Stack, s.Key))
	}
	return out
}

func TestStory15Plan(t *testing.T) {
	f := enginetest.New(t)
	add(f, "demo", "a", 1)
	add(f, "demo", "b", 3)
	add(f, "demo", "c", 10)
	add(f, "bmo", "d", 2)
	add(f, "bmo", "e", 20)
	add(f, "demo", "f", 0, "web") // incomplete: neither counted nor planned for removal
	e := f.Engine(t)
	week := 7 * 24 * time.Hour
	for _, c := range []struct {
		name   string
		policy prune.Policy
		want   []string
	}{
		{"all", prune.Policy{}, []string{"demo a", "bmo d", "demo b", "demo c", "bmo e"}},
		{"keep the last", prune.Policy{KeepLast: 1}, []string{"demo b", "demo c", "bmo e"}},
		{"keep two", prune.Policy{KeepLast: 2}, []string{"demo c"}},
		{"keep many", prune.Policy{KeepLast: 9}, nil},
		{"older", prune.Policy{OlderThan: week}, []string{"demo c", "bmo e"}},
		{"older to the minute", prune.Policy{OlderThan: 10 * 24 * time.Hour}, []string{"demo c", "bmo e"}},
		{"older, one less", prune.Policy{OlderThan: 10*24*time.Hour + 1}, []string{"bmo e"}},
		{"stack", prune.Policy{Stack: "bmo"}, []string{"bmo d", "bmo e"}},
		{"stack of nobody", prune.Policy{Stack: "other"}, nil},
		{"everything together", prune.Policy{KeepLast: 1, OlderThan: week, Stack: "demo"}, []string{"demo c"}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.DeepEqual(t, plan(t, e, c.policy), c.want) })
	}
}

// TestPlanOfCheckpoints: they are counted by their steps, apart from the snapshots, and one that a bootstrap goes on from stays.
func TestPlanOfCheckpoints(t *testing.T) {
	f := enginetest.New(t)
	add(f, "demo", "a", 1)
	add(f, "demo", "b", 2)
	for i, c := range []struct {
		key   string
		steps int
	}{{"c", 1}, {"d", 2}, {"e", 1}, {"f", 2}} {
		s := snapshottest.New("demo", c.key, day(3+i), "db", "web")
		s.AfterStep = c.steps
		snapshottest.Add(f, s)
	}
	e := f.Engine(t)
	assert.DeepEqual(t, plan(t, e, prune.Policy{KeepLast: 1}), []string{"demo b", "demo e", "demo f"})
	assert.DeepEqual(t, plan(t, e, prune.Policy{KeepLast: 1, OlderThan: 6 * 24 * time.Hour}), []string{"demo f"})
	assert.DeepEqual(t, plan(t, e, prune.Policy{Filter: prune.Filter{Labels: []string{label.AfterStep + "=1"}}}), []string{"demo c", "demo e"})
	_, err := e.CreateNetwork(t.Context(), "lock", map[string]string{label.Role: label.RoleBootstrap, label.From: snapshottest.Key("e")}, 0)
	assert.NilError(t, err)
	assert.DeepEqual(t, plan(t, e, prune.Policy{KeepLast: 1}), []string{"demo b", "demo f"})
}

func TestWhatIsInUseStays(t *testing.T) {
	f := enginetest.New(t)
	a, b, c := add(f, "demo", "a", 1), add(f, "demo", "b", 2), add(f, "demo", "c", 3)
	add(f, "demo", "d", 4)
	e := f.Engine(t)
	instance := func(s snapshot.Snapshot) map[string]string {
		return map[string]string{label.Role: label.RoleInstance, label.Instance: "x", label.Key: s.Key}
	}
	// An instance's container, even of an image whose name another build has taken.
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}})
	_, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "x-web", Image: "app:1", Labels: instance(a)})
	assert.NilError(t, err)
	// An instance that has no container yet.
	_, err = e.CreateNetwork(t.Context(), "y", instance(b), 0)
	assert.NilError(t, err)
	// A container that docker bmo did not create.
	_, err = e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "mine", Image: snapshottest.ID(c, "db")})
	assert.NilError(t, err)
	assert.DeepEqual(t, plan(t, e, prune.Policy{}), []string{"demo d"})

	for _, path := range []string{"/containers/json", "/networks"} {
		f.Fail("GET", path, 500, "no", 1)
		_, err = prune.InUse(t.Context(), e)
		assert.ErrorContains(t, err, "no")
	}
}

func TestRemove(t *testing.T) {
	f := enginetest.New(t)
	a, b := add(f, "demo", "a", 1), add(f, "demo", "b", 2)
	e := f.Engine(t)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	report, err := prune.Remove(t.Context(), e, list[1:])
	assert.NilError(t, err)
	assert.DeepEqual(t, report, prune.Report{
		Untagged: []string{snapshot.Tag("demo", "db", b.Key), snapshot.Tag("demo", "web", b.Key)},
		Deleted:  []string{snapshottest.ID(b, "db"), snapshottest.ID(b, "web")},
	})
	assert.DeepEqual(t, f.Objects(), []string{
		"image " + snapshot.Tag("demo", "db", a.Key), "image " + snapshot.Tag("demo", "web", a.Key),
	})
}

// TestStory15NamesOfOthersKeepAnImage: only docker bmo's own names are removed.
func TestStory15NamesOfOthersKeepAnImage(t *testing.T) {
	f := enginetest.New(t)
	s := snapshottest.New("demo", "a", day(1), "web")
	labels := s.Labels()
	labels[label.Service] = "web"
	f.AddImage(enginetest.Image{Tags: []string{snapshot.Tag("demo", "web", s.Key), "registry.test/mine:1"}, Labels: labels, Created: s.Created})
	e := f.Engine(t)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	for range 2 {
		_, err = prune.Remove(t.Context(), e, list)
		assert.NilError(t, err)
		assert.DeepEqual(t, f.Objects(), []string{"image registry.test/mine:1"})
		list, err = snapshot.List(t.Context(), e)
		assert.NilError(t, err)
	}
}

// TestStory15UnnamedImagesGoByIdentifier: another build of the same key has taken their names.
func TestStory15UnnamedImagesGoByIdentifier(t *testing.T) {
	f := enginetest.New(t)
	old := add(f, "demo", "a", 2)
	add(f, "demo", "a", 1)
	e := f.Engine(t)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	report, err := prune.Remove(t.Context(), e, list[1:])
	assert.NilError(t, err)
	assert.DeepEqual(t, report.Deleted, []string{snapshottest.ID(old, "db"), snapshottest.ID(old, "web")})
	assert.Equal(t, len(f.Objects()), 2)
}

func TestRemoveGoesOn(t *testing.T) {
	f := enginetest.New(t)
	add(f, "demo", "a", 1)
	b := add(f, "demo", "b", 2)
	e := f.Engine(t)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	f.Fail("DELETE", "/images/.*", 500, "device or resource busy", 1)
	report, err := prune.Remove(t.Context(), e, list)
	assert.ErrorContains(t, err, "device or resource busy")
	assert.Equal(t, len(report.Deleted), 3)
	assert.Assert(t, slices.Contains(report.Deleted, snapshottest.ID(b, "web")))
}

// TestSomebodyElseRemovesToo: it is no error if another process removes the same at the same time.
func TestSomebodyElseRemovesToo(t *testing.T) {
	f := enginetest.New(t)
	add(f, "demo", "a", 1)
	e := f.Engine(t)
	list, err := snapshot.List(t.Context(), e)
	assert.NilError(t, err)
	for range 2 {
		_, err = prune.Remove(t.Context(), e, list)
		assert.NilError(t, err)
	}
}

func TestMerge(t *testing.T) {
	r := prune.Report{Containers: []string{"c"}, Deleted: []string{"d"}}
	r.Merge(prune.Report{Containers: []string{"c2"}, Networks: []string{"n"}, Volumes: []string{"v"}, Untagged: []string{"u"}, Deleted: []string{"d2"}})
	assert.DeepEqual(t, r, prune.Report{
		Containers: []string{"c", "c2"}, Networks: []string{"n"}, Volumes: []string{"v"}, Untagged: []string{"u"}, Deleted: []string{"d", "d2"},
	})
}
