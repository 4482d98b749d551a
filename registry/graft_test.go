package registry

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// donor adds a snapshot whose bootstrap has put a layer of its own on each of the built images.
func (m *machine) donor() snapshot.Snapshot {
	s := snapshot.Snapshot{Key: strings.Repeat("d", 64), Inputs: strings.Repeat("e", 64), Stack: "demo", Created: noon, Services: []string{"db", "web"}}
	s.Volumes = []string{"files"}
	for i, part := range s.Parts() {
		labels := s.Labels()
		layers := []enginetest.Layer{{Name: "base", Size: 100e6}, {Name: "built " + part, Size: 5e6}, {Name: "data of " + part, Size: 7e6 + int64(i)}}
		built := "2"
		if _, ok := label.VolumeName(part); ok {
			layers, built = layers[2:], "0"
		}
		maps.Copy(labels, map[string]string{label.Service: part, label.BuiltLayers: built})
		m.AddImage(enginetest.Image{Tags: []string{snapshot.Tag("demo", part, s.Key)}, Labels: labels, Created: noon, Layers: layers})
	}
	found, err := snapshot.FindKey(m.t.Context(), m.e, s.Key)
	assert.NilError(m.t, err)
	return *found
}

// onto adds the images that were built for the other platform, and returns what is to come of them.
func (m *machine) onto(t *testing.T) GraftRequest {
	t.Helper()
	info, err := m.e.Connect(t.Context())
	assert.NilError(t, err)
	q := GraftRequest{Engine: m.e, Platform: "linux/arm64", ByContent: info.ContainerdStore, Created: noon.AddDate(0, 0, 1)}
	for _, part := range []string{"db", "web", label.Volume("files")} {
		g := snapshot.Graft{Part: part, Name: "docker-bmo/demo-" + snapshot.PartName(part) + ":raw", Labels: map[string]string{label.Role: label.RoleRaw, label.Service: part}}
		if _, volume := label.VolumeName(part); !volume {
			g.Base = "docker-bmo/demo-" + part + ":built"
			m.AddImage(enginetest.Image{
				Tags: []string{g.Base}, Arch: "arm64", Labels: map[string]string{},
				Layers: []enginetest.Layer{{Name: "arm base", Size: 90e6}, {Name: "arm " + part, Size: 4e6}, {Name: "more", Size: 1}},
			})
		}
		q.Grafts = append(q.Grafts, g)
	}
	return q
}

// made checks the images that have come of it.
func (m *machine) made(t *testing.T, q GraftRequest) {
	t.Helper()
	for _, g := range q.Grafts {
		img, ok := m.Image(g.Name)
		assert.Assert(t, ok, g.Name)
		var layers []string
		for _, l := range img.Layers {
			layers = append(layers, l.Name)
		}
		want := []string{"arm base", "arm " + g.Part, "more", "data of " + g.Part}
		if g.Base == "" {
			want = want[3:]
		}
		assert.DeepEqual(t, layers, want)
		assert.Equal(t, img.Arch, "arm64")
		assert.DeepEqual(t, img.Labels, g.Labels)
	}
}

// TestGraft: images for another platform get the layers that the bootstrap has made, and no other, from the engine itself
// and from a repository, in both image stores.
func TestGraft(t *testing.T) {
	for name, about := range map[string]enginetest.About{"overlay2": enginetest.Modern, "containerd": withContainerd} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.SetAbout(about)
			s := m.donor()
			q := m.onto(t)
			dir := t.TempDir()
			assert.NilError(t, GraftOwn(t.Context(), s, platform, dir, q))
			left, err := os.ReadDir(dir)
			assert.NilError(t, err)
			assert.Equal(t, len(left), 0)
			m.made(t, q)

			r := newServer(t).repository(t)
			_, err = m.push(r, s)
			assert.NilError(t, err)
			other := newMachine(t)
			other.SetAbout(about)
			q = other.onto(t)
			var told []int64
			q.Tell = func(done, total int64) { told = append(told, done, total) }
			f, err := r.FindInputs(t.Context(), s.Inputs, platform)
			assert.NilError(t, err)
			moved, err := r.Graft(t.Context(), f, q)
			assert.NilError(t, err)
			other.made(t, q)
			assert.Assert(t, moved.Sent > 0 && moved.Sent < moved.Total, "%+v", moved)
			assert.DeepEqual(t, told[len(told)-2:], []int64{moved.Sent, moved.Sent})
			// Nothing else has come: neither the snapshot nor an image of its platform.
			assert.Equal(t, other.Count("POST", "/images/create"), 0)
			assert.Equal(t, len(other.Objects()), 5, "%v", other.Objects())
		})
	}
}

// TestGraftThatFails: the error is the reason, and nothing that a container could be started from has come.
func TestGraftThatFails(t *testing.T) {
	rows := map[string]struct {
		fault func(srv *server, m *machine, s snapshot.Snapshot)
		want  string
	}{
		"the engine is full": {func(_ *server, m *machine, _ snapshot.Snapshot) {
			m.Fail("POST", "/images/load", 500, "no space left on device", 9)
		}, "no space left on device"},
		"a layer is another one": {func(srv *server, _ *machine, _ snapshot.Snapshot) {
			srv.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
					return false
				}
				_, _ = w.Write(bytes.Repeat([]byte("7"), 20))
				return true
			})
		}, "error verifying"},
		"a layer is gone": {func(srv *server, _ *machine, _ snapshot.Snapshot) {
			srv.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
					return false
				}
				w.WriteHeader(http.StatusNotFound)
				return true
			})
		}, "404"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			srv, m := newServer(t), newMachine(t)
			s := m.donor()
			r := srv.repository(t)
			_, err := m.push(r, s)
			assert.NilError(t, err)
			f, err := r.FindInputs(t.Context(), s.Inputs, platform)
			assert.NilError(t, err)
			other := newMachine(t)
			q := other.onto(t)
			before := other.Objects()
			row.fault(srv, other, s)
			_, err = r.Graft(t.Context(), f, q)
			assert.ErrorContains(t, err, row.want)
			assert.DeepEqual(t, other.Objects(), before)
		})
	}
}

// TestGraftOfUnknownLayers: images that do not say which of their layers are the bootstrap's are of no use.
func TestGraftOfUnknownLayers(t *testing.T) {
	m := newMachine(t)
	s := m.bootstrapped("aa", noon)
	q := m.onto(t)
	q.Grafts = slices.DeleteFunc(q.Grafts, func(g snapshot.Graft) bool { return g.Base == "" })
	err := GraftOwn(t.Context(), s, platform, t.TempDir(), q)
	assert.ErrorContains(t, err, "does not say which of its layers are the bootstrap's")
}

// TestGraftOwnThatFails: what the engine cannot read is the reason.
func TestGraftOwnThatFails(t *testing.T) {
	m := newMachine(t)
	s := m.donor()
	q := m.onto(t)
	before := m.Objects()
	m.Fail("GET", "/images/get", 500, "input/output error", 1)
	err := GraftOwn(t.Context(), s, platform, t.TempDir(), q)
	assert.ErrorContains(t, err, "input/output error")
	assert.DeepEqual(t, m.Objects(), before)
	assert.Assert(t, !engine.IsNotFound(err))
}
