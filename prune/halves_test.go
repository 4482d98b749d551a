package prune_test

import (
	"net/http"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// lock adds the lock of a bootstrap in progress.
func lock(t *testing.T, f *enginetest.Fake, s snapshot.Snapshot, o owner.Owner) {
	t.Helper()
	_, err := f.AddNetwork("lock", owned(o, 0, label.Role+"="+label.RoleBootstrap, label.Key+"="+s.Key))
	assert.NilError(t, err)
}

func TestSweepOfHalves(t *testing.T) {
	for _, c := range []struct {
		name string
		more func(*testing.T, *enginetest.Fake, snapshot.Snapshot)
		goes bool
	}{
		{"alone", func(*testing.T, *enginetest.Fake, snapshot.Snapshot) {}, true},
		{"its bootstrap is under way", func(t *testing.T, f *enginetest.Fake, s snapshot.Snapshot) { t.Helper(); lock(t, f, s, living()) }, false},
		{"its bootstrap was killed", func(t *testing.T, f *enginetest.Fake, s snapshot.Snapshot) { t.Helper(); lock(t, f, s, dead()) }, true},
		{"another bootstrap is under way", func(t *testing.T, f *enginetest.Fake, _ snapshot.Snapshot) {
			t.Helper()
			lock(t, f, snapshottest.New("demo", "b", now), living())
		}, true},
		{"something runs from it", func(t *testing.T, f *enginetest.Fake, s snapshot.Snapshot) {
			t.Helper()
			_, err := f.Engine(t).CreateContainer(t.Context(), engine.ContainerSpec{Name: "mine", Image: snapshottest.ID(s, "db")})
			assert.NilError(t, err)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			whole := add(f, "demo", "0", 2)
			s := add(f, "demo", "a", 1, "web")
			c.more(t, f, s)
			sweep(t, f)
			_, ok := f.Image(snapshottest.ID(s, "db"))
			assert.Equal(t, ok, !c.goes)
			for _, service := range []string{"db", "web"} {
				_, ok := f.Image(snapshottest.ID(whole, service))
				assert.Assert(t, ok)
			}
		})
	}
}

// TestSweepOfHalfACheckpoint: it goes as half a snapshot does, unless the one that makes it is alive.
func TestSweepOfHalfACheckpoint(t *testing.T) {
	for _, c := range []struct {
		name string
		by   owner.Owner
		stay bool
	}{{"its bootstrap is under way", living(), true}, {"its bootstrap was killed", dead(), false}} {
		f := newFake(t)
		s := snapshottest.New("demo", "a", day(1), "db", "web")
		s.AfterStep = 1
		snapshottest.Add(f, s, "web")
		_, err := f.Engine(t).KeepVolume(t.Context(), "lock", owned(c.by, 0, label.Role+"="+label.RoleBootstrap, label.Key+"="+s.Key))
		assert.NilError(t, err)
		sweep(t, f)
		_, ok := f.Image(snapshottest.ID(s, "db"))
		assert.Equal(t, ok, c.stay, c.name)
		assert.Equal(t, f.VolumeLabels("lock") != nil, c.stay, c.name)
	}
}

// TestTwoHalvesOfOneKey: both are removed, and the complete snapshot of that key is kept.
func TestTwoHalvesOfOneKey(t *testing.T) {
	f := newFake(t)
	a, b, whole := add(f, "demo", "a", 3, "web"), add(f, "demo", "a", 2, "db"), add(f, "demo", "a", 1)
	sweep(t, f)
	for id, want := range map[string]bool{
		snapshottest.ID(a, "db"): false, snapshottest.ID(b, "web"): false,
		snapshottest.ID(whole, "db"): true, snapshottest.ID(whole, "web"): true,
	} {
		_, ok := f.Image(id)
		assert.Equal(t, ok, want, id)
	}
}

// TestBootstrapEndsDuringTheSweep: between the listing of images and the check of the locks, a bootstrap seals its last
// image and releases its lock. What looked like an incomplete snapshot is a complete one.
func TestBootstrapEndsDuringTheSweep(t *testing.T) {
	f := newFake(t)
	s := add(f, "demo", "a", 1, "web")
	lock(t, f, s, living())
	listed := 0
	f.After("GET", "/images/json", func(*http.Request) {
		if listed++; listed == 2 { // the first listing is for orphans
			snapshottest.Add(f, s, "db")
			assert.Check(t, f.EngineAs(t, "build").RemoveNetwork(t.Context(), "lock"))
		}
	})
	sweep(t, f)
	found, err := snapshot.FindKey(t.Context(), f.Engine(t), s.Key)
	assert.NilError(t, err)
	assert.Assert(t, found != nil)
}

// TestBootstrapBeginsDuringTheSweep: a bootstrap of the same key begins and seals its first image after the sweep has
// checked the locks. Its creation time differs, so it is not what the sweep found.
func TestBootstrapBeginsDuringTheSweep(t *testing.T) {
	f := newFake(t)
	old := add(f, "demo", "a", 2, "web")
	began := false
	f.After("GET", "/networks", func(r *http.Request) {
		if !began && strings.Contains(r.URL.Query().Get("filters"), label.RoleBootstrap) {
			began = true
			lock(t, f, add(f, "demo", "a", 1, "web"), living())
		}
	})
	sweep(t, f)
	_, ok := f.Image(snapshottest.ID(old, "db"))
	assert.Assert(t, !ok)
	_, ok = f.Image(snapshottest.ID(snapshottest.New("demo", "a", day(1)), "db"))
	assert.Assert(t, ok)
}
