package registry

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// withContainerd says of an engine that its images are in containerd.
var withContainerd = func() enginetest.About {
	a := enginetest.Modern
	a.Driver, a.DriverStatus = "overlayfs", [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}
	return a
}()

func (m *machine) save(t *testing.T, s snapshot.Snapshot, base *snapshot.Snapshot, w io.Writer) (Moved, error) {
	t.Helper()
	dir := t.TempDir()
	_, moved, err := Save(t.Context(), SaveRequest{
		Engine: m.e, Platform: platform, Snapshot: s, Base: base, Dir: dir,
	}, w)
	left, readErr := os.ReadDir(dir)
	assert.NilError(t, readErr)
	assert.Equal(t, len(left), 0)
	return moved, err
}

// archive returns the archive of a snapshot.
func (m *machine) archive(t *testing.T, s snapshot.Snapshot, base *snapshot.Snapshot) ([]byte, Moved) {
	t.Helper()
	var b bytes.Buffer
	before := m.Objects()
	moved, err := m.save(t, s, base, &b)
	assert.NilError(t, err)
	assert.DeepEqual(t, m.Objects(), before)
	assert.Equal(t, m.Count("POST", ".*")+m.Count("DELETE", ".*"), 0)
	return b.Bytes(), moved
}

// load loads an archive and returns what the engine has then.
func (m *machine) load(r io.Reader, base *snapshot.Snapshot) (*snapshot.Snapshot, error) {
	a, err := OpenArchive(r, "demo.tar.zst", platform)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	info, err := m.e.Connect(m.t.Context())
	assert.NilError(m.t, err)
	if _, err := a.Load(m.t.Context(), LoadRequest{Engine: m.e, Base: base, ByContent: info.ContainerdStore}); err != nil {
		return nil, err
	}
	return snapshot.FindKey(m.t.Context(), m.e, a.Key)
}

// stores are pairs of engines that save and load.
var stores = map[string][2]enginetest.About{
	"overlay2":           {enginetest.Modern, enginetest.Modern},
	"containerd":         {withContainerd, withContainerd},
	"from containerd":    {withContainerd, enginetest.Modern},
	"over to containerd": {enginetest.Modern, withContainerd},
}

// TestSaveAndLoad: what comes out of an archive is what was put in, without what is for one user only. A layer that images
// share is in it once, and with a base only what that lacks.
func TestSaveAndLoad(t *testing.T) {
	for name, kinds := range stores {
		t.Run(name, func(t *testing.T) {
			a, b := newMachine(t), newMachine(t)
			a.SetAbout(kinds[0])
			b.SetAbout(kinds[1])
			first, second := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon.Add(time.Hour))
			whole, moved := a.archive(t, first, nil)
			assert.Equal(t, moved.Sent, moved.Total)
			assert.Equal(t, len(layersIn(t, whole)), 3)
			assert.Assert(t, !bytes.Contains(unpacked(t, whole), []byte(secret)))

			got, err := b.load(bytes.NewReader(whole), nil)
			assert.NilError(t, err)
			assert.Assert(t, got.Complete())
			assert.Equal(t, got.Created, first.Created)
			for name, img := range got.Images {
				want := maps.Clone(first.Images[name].Labels)
				delete(want, label.Start)
				assert.DeepEqual(t, img.Labels, want)
				assert.DeepEqual(t, img.Tags, []string{snapshot.Tag("demo", name, first.Key)})
			}

			delta, moved := a.archive(t, second, &first)
			assert.Assert(t, moved.Sent > 0 && moved.Sent < moved.Total, "%+v", moved)
			assert.Equal(t, len(layersIn(t, delta)), 2)
			opened, err := OpenArchive(bytes.NewReader(delta), "x", platform)
			assert.NilError(t, err)
			assert.Equal(t, opened.Base, first.Key)
			got, err = b.load(bytes.NewReader(delta), got)
			assert.NilError(t, err)
			assert.Equal(t, got.Key, second.Key)
			assert.Equal(t, got.Images["web"].Size, second.Images["web"].Size)
		})
	}
}

// TestSaveIsTheSame: two archives of one snapshot are equal, so that a cache may compare them, also when a layer takes many
// blocks.
func TestSaveIsTheSame(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	db, ok := a.Image(s.Images["db"].ID)
	assert.Assert(t, ok)
	noise := make([]byte, 6<<20)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte('a' + r.IntN(26))
	}
	db.Layers = append(slices.Clone(db.Layers), enginetest.Layer{Name: string(noise), Size: 1})
	a.AddImage(db)
	one, _ := a.archive(t, s, nil)
	two, _ := a.archive(t, s, nil)
	assert.Assert(t, bytes.Equal(one, two))
	assert.Assert(t, len(one) > len(noise)/2)
	_, err := b.load(bytes.NewReader(one), nil)
	assert.NilError(t, err)
	for _, n := range []int{len(one) / 2, len(one) - len(one)/10} {
		_, err := newMachine(t).load(bytes.NewReader(one[:n]), nil)
		assert.ErrorContains(t, err, "it is cut off")
	}
}

func first2[A, B any](a A, _ B) A { return a }

// unpacked returns the tar of an archive.
func unpacked(t *testing.T, archive []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(archive))
	assert.NilError(t, err)
	defer z.Close()
	raw, err := io.ReadAll(z)
	assert.NilError(t, err)
	return raw
}

// filesOf returns the files of an archive in their order.
func filesOf(t *testing.T, archive []byte) (list []file) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(unpacked(t, archive))); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		assert.NilError(t, err)
		content, err := io.ReadAll(r)
		assert.NilError(t, err)
		list = append(list, file{path.Clean(h.Name), content})
	}
}

// layersIn returns the names of the files of an archive that are neither index, manifest nor configuration.
func layersIn(t *testing.T, archive []byte) (names []string) {
	t.Helper()
	for _, f := range filesOf(t, archive) {
		if _, ok := blobHash(f.name); ok && !bytes.HasPrefix(f.content, []byte("{")) {
			names = append(names, f.name)
		}
	}
	return names
}

// packed returns an archive of files.
func packed(t *testing.T, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newArchiveWriter(&b, noon)
	assert.NilError(t, err)
	for _, f := range files {
		assert.NilError(t, w.file(f.name, int64(len(f.content)), bytes.NewReader(f.content)))
	}
	assert.NilError(t, w.end())
	return b.Bytes()
}

// TestWithoutLabel: nothing else of a configuration changes.
func TestWithoutLabel(t *testing.T) {
	raw, err := withoutLabel([]byte(`{"os":"linux","config":{"Labels":{"a":"1","b":"2"},"Healthcheck":{"Interval":9007199254740993}},"new":[1.0]}`), "a")
	assert.NilError(t, err)
	assert.Equal(t, string(raw), `{"config":{"Healthcheck":{"Interval":9007199254740993},"Labels":{"b":"2"}},"new":[1.0],"os":"linux"}`)
	_, err = withoutLabel([]byte(`{}`), "a")
	assert.Assert(t, err != nil)
}

// TestSaveAndLoadVolumes: a volume's image may come before that of a service by its name.
func TestSaveAndLoadVolumes(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	s := snapshottest.New("demo", "aa", noon, "db", "web")
	s.Volumes = []string{"files"}
	snapshottest.Add(a.Fake, s)
	found, err := snapshot.FindKey(t.Context(), a.e, s.Key)
	assert.NilError(t, err)
	archive, _ := a.archive(t, *found, nil)
	got, err := b.load(bytes.NewReader(archive), nil)
	assert.NilError(t, err)
	assert.DeepEqual(t, got.Parts(), []string{"db", "web", label.Volume("files")})
}
