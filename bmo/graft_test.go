package bmo

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// TestDonor: it is the snapshot of the same inputs but for the platform, and only of a platform whose data are the same.
func TestDonor(t *testing.T) {
	b := newBuilt(t, shop())
	d, err := b.donor(t.Context())
	assert.NilError(t, err)
	assert.Assert(t, d == nil)

	s := snapshottest.New("shop", "aa", instancetest.Noon, "db", "web", "worker")
	s.Inputs = b.inputsFor("linux/arm64")
	snapshottest.Add(b.Fake.Fake, s)
	d, err = b.donor(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, d.Key, s.Key)
	assert.Equal(t, d.String(), "snapshot aa0000000000 (linux/arm64)")

	b.inputs.Contexts["service/web"] = "sha256:2"
	d, err = b.donor(t.Context())
	assert.NilError(t, err)
	assert.Assert(t, d == nil, "other inputs")

	b.inputs.Contexts["service/web"] = "sha256:1"
	for platform, found := range map[string]bool{"linux/s390x": false, "linux/arm64": false, "linux/amd64": true} {
		b.other = platform
		d, err = b.donor(t.Context())
		assert.NilError(t, err)
		assert.Equal(t, d != nil, found, platform)
	}
}

// TestGraftOnlyIfItMay: without the stack's word, or when all is to be made anew, no data of another platform are taken.
func TestGraftOnlyIfItMay(t *testing.T) {
	for name, set := range map[string]func(*built){
		"not portable":  func(b *built) { b.stack.Portable = false },
		"--no-cache":    func(b *built) { b.options.NoCache = true },
		"--pull":        func(b *built) { b.options.Pull = true },
		"no such donor": func(b *built) { b.inputs.BuildArgs = map[string]string{"A": "1"} },
	} {
		t.Run(name, func(t *testing.T) {
			st := *shop()
			st.Portable = true
			b := newBuilt(t, &st)
			s := snapshottest.New("shop", "aa", instancetest.Noon, "db", "web", "worker")
			s.Inputs = b.inputsFor("linux/arm64")
			snapshottest.Add(b.Fake.Fake, s)
			before := b.Objects()
			set(b)
			got, err := b.graft(t.Context(), b.images, map[string]string{}, owner.Current())
			assert.NilError(t, err)
			assert.Assert(t, got == nil)
			assert.DeepEqual(t, b.Objects(), before)
		})
	}
}

// TestGraftOfNoUse: a snapshot that cannot be read is no reason not to bootstrap; it is said.
func TestGraftOfNoUse(t *testing.T) {
	st := *shop()
	st.Portable = true
	b := newBuilt(t, &st)
	var warned []error
	b.pipeline.client = b.fixture.client(t, WithWarnings(func(err error) { warned = append(warned, err) }))
	s := snapshottest.New("shop", "aa", instancetest.Noon, "db", "web", "worker") // which does not say what is the bootstrap's
	s.Inputs = b.inputsFor("linux/arm64")
	snapshottest.Add(b.Fake.Fake, s)
	b.want = snapshottest.New("shop", "bb", instancetest.Noon, "db", "web", "worker")
	before := b.Objects()
	got, err := b.graft(t.Context(), b.images, map[string]string{}, owner.Current())
	assert.NilError(t, err)
	assert.Assert(t, got == nil)
	assert.Equal(t, len(warned), 1)
	assert.ErrorContains(t, warned[0], "the data of snapshot aa0000000000 (linux/arm64) cannot be used, and are made anew: ")
	assert.DeepEqual(t, b.Objects(), before)
}

// TestPlatformOf: a snapshot is for the platform of its images, whatever the engine's is.
func TestPlatformOf(t *testing.T) {
	d := newFixture(t)
	s := snapshottest.New("shop", "aa", instancetest.Noon, "web")
	labels := s.Labels()
	labels[label.Service] = "web"
	d.AddImage(enginetest.Image{Tags: []string{snapshot.Tag("shop", "web", s.Key)}, Labels: labels, Created: s.Created, Arch: "arm64"})
	found, err := snapshot.FindKey(t.Context(), d.Engine(t), s.Key)
	assert.NilError(t, err)
	platform, err := d.client(t).platformOf(t.Context(), found)
	assert.NilError(t, err)
	assert.Equal(t, platform, "linux/arm64")
}
