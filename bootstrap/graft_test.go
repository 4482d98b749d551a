package bootstrap

import (
	"context"
	"errors"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// donor is a snapshot of the fixture's stack for another platform.
func donor() snapshot.Snapshot {
	return snapshottest.New("demo", "fedcba", time.Now(), "cache", "db", "web")
}

// bring makes the images as an engine would, on layers of the built ones.
func (f *fixture) bring(ctx context.Context, _ *progress.Log, grafts []snapshot.Graft) error {
	for _, g := range grafts {
		base, _ := f.Image(g.Base)
		f.AddImage(enginetest.Image{
			Tags: []string{g.Name}, Labels: g.Labels, Layers: append(base.Layers, enginetest.Layer{Name: "data of " + g.Part, Size: 1}),
		})
	}
	return ctx.Err()
}

// TestGraft: the snapshot has the built images' configuration, and the other's data; what is not committed is as it was
// built. Nothing is started, and nothing else stays.
func TestGraft(t *testing.T) {
	f := newFixture(t)
	f.req.Labels[label.Data] = "fedcba linux/amd64"
	events := f.events()
	s, err := Graft(t.Context(), f.req, donor(), "take the data", f.bring)
	assert.NilError(t, err)
	assert.Equal(t, len(events()), 0)
	assert.Equal(t, f.Count("POST", "/containers/.*"), 0)
	assert.Assert(t, s.Complete())
	assert.Equal(t, s.Grafted(), "fedcba linux/amd64")
	for service, want := range map[string][]string{
		"cache": {"built cache"}, "db": {"built db", "data of db"}, "web": {"built web", "data of web"},
	} {
		img, _ := f.Image(s.Images[service].ID)
		assert.DeepEqual(t, f.layers(t, img.ID), want)
		assert.DeepEqual(t, img.Env, []string{"PATH=/bin"})
		assert.Equal(t, img.Labels[label.Owner], "")
		assert.Equal(t, img.Labels[label.BuiltLayers], "1")
		assert.Equal(t, img.Labels["own"], service)
	}
	for service := range s.Images {
		f.before = append(f.before, "image "+snapshot.Tag("demo", service, s.Key))
	}
	assert.Equal(t, len(f.Objects()), len(f.before), "%v", f.Objects())
}

func TestGraftIsOneAtATime(t *testing.T) {
	f := newFixture(t)
	_, err := f.AddNetwork(Name(f.req.Snapshot.Key), nil)
	assert.NilError(t, err)
	_, err = Graft(t.Context(), f.req, donor(), "take the data", f.bring)
	assert.ErrorIs(t, err, ErrBusy)
}

// TestGraftThatFails: whatever fails, there is no snapshot, and nothing stays.
func TestGraftThatFails(t *testing.T) {
	broken := errors.New("the layers are gone")
	for name, fault := range map[string]func(*fixture) Bring{
		"bring": func(f *fixture) Bring {
			return func(ctx context.Context, log *progress.Log, grafts []snapshot.Graft) error {
				return errors.Join(f.bring(ctx, log, grafts[:1]), broken)
			}
		},
		"seal": func(f *fixture) Bring { f.Fail("POST", "/seal", 500, broken.Error(), 1); return f.bring },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			_, err := Graft(t.Context(), f.req, donor(), "take the data", fault(f))
			assert.ErrorContains(t, err, broken.Error())
			f.leavesNothing(t)
		})
	}
}
