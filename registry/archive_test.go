package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/zstd"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
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

// TestSaveWhenTheDiskIsFull: it says so, and leaves nothing.
func TestSaveWhenTheDiskIsFull(t *testing.T) {
	a := newMachine(t)
	s := a.bootstrapped("aa", noon)
	before := a.Objects()
	for _, n := range []int{0, 1, 300} {
		_, err := a.save(t, s, nil, &small{left: n})
		assert.ErrorIs(t, err, syscall.ENOSPC)
		assert.Assert(t, strings.Contains(strings.Join(hint.All(err), " "), "make room"), "%v", hint.All(err))
	}
	a.Fail("GET", "/images/get", 500, "write /tmp/docker-export: no space left on device", 1)
	_, err := a.save(t, s, nil, io.Discard)
	assert.ErrorContains(t, err, "no space left on device")
	assert.Assert(t, strings.Contains(strings.Join(hint.All(err), " "), "docker system df"), "%v", hint.All(err))
	assert.DeepEqual(t, a.Objects(), before)
}

// small is a disk with room for that many bytes.
type small struct{ left int }

func (s *small) Write(p []byte) (int, error) {
	if len(p) > s.left {
		return 0, &os.PathError{Op: "write", Path: "demo.tar.zst", Err: syscall.ENOSPC}
	}
	s.left -= len(p)
	return len(p), nil
}

// TestSaveInterrupted: a save ends when it is asked to.
func TestSaveInterrupted(t *testing.T) {
	a := newMachine(t)
	s := a.bootstrapped("aa", noon)
	before := a.Objects()
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := Save(ctx, SaveRequest{
		Engine: a.e, Platform: platform, Snapshot: s, Tell: func(int64, int64) { cancel() }, Dir: t.TempDir(),
	}, io.Discard)
	assert.ErrorIs(t, err, context.Canceled)
	assert.DeepEqual(t, a.Objects(), before)
}

// TestCutArchive: wherever an archive ends too early, nothing of it is on the engine.
func TestCutArchive(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	whole, _ := a.archive(t, s, nil)
	ends := len(whole) - endSize(t)
	for n := 0; n < ends; n += 1 + ends/50 {
		_, err := b.load(bytes.NewReader(whole[:n]), nil)
		var invalid *ArchiveError
		assert.Assert(t, errors.As(err, &invalid), "%d of %d: %v", n, len(whole), err)
		assert.Equal(t, len(b.Objects()), 0)
	}
	_, err := b.load(bytes.NewReader(whole), nil)
	assert.NilError(t, err)
}

// endSize is the size of what ends an archive, without which nothing is missing.
func endSize(t *testing.T) int {
	t.Helper()
	var b bytes.Buffer
	w, err := newArchiveWriter(&b, noon)
	assert.NilError(t, err)
	assert.NilError(t, w.end())
	return b.Len()
}

// TestWrongArchives: what is not the archive of a snapshot, or of another one, is refused, before the engine has anything of it.
func TestWrongArchives(t *testing.T) {
	a := newMachine(t)
	s, other := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon.Add(time.Hour))
	whole, _ := a.archive(t, s, nil)
	files, others := filesOf(t, whole), filesOf(t, first2(a.archive(t, other, nil)))
	last := files[len(files)-1]
	with := func(change func(list []file) []file) []byte { return packed(t, change(slices.Clone(files))) }
	for _, c := range []struct {
		name, why string
		archive   []byte
	}{
		{"nothing", "it is cut off", nil},
		{"a text", "it is no archive of ", []byte(strings.Repeat("no archive ", 100))},
		{"another tar", `it begins with "x"`, packed(t, []file{{"x", []byte("y")}})},
		{"no index of a snapshot", "it has no annotation docker-bmo.role", packed(t, []file{{indexFile, []byte(`{"manifests":[]}`)}})},
		{"a layer with another digest", "has another digest", with(func(l []file) []file {
			l[len(l)-1].content = bytes.ToUpper(last.content)
			return l
		})},
		{"a layer with another size", "has another size", with(func(l []file) []file {
			l[len(l)-1].content = append(slices.Clone(last.content), '!')
			return l
		})},
		{"a layer too few", "it lacks the layer", with(func(l []file) []file { return l[:len(l)-1] })},
		{"a manifest with another digest", "has another digest", with(func(l []file) []file {
			l[3].content = append(slices.Clone(l[3].content), ' ')
			return l
		})},
		{"the key of another", "the image of db has docker-bmo.key", with(func(l []file) []file {
			l[1].content = bytes.ReplaceAll(l[1].content, []byte(s.Key), []byte(other.Key))
			return l
		})},
		{"the index of another", "where blobs/sha256/", with(func(l []file) []file {
			l[1] = others[1]
			return l
		})},
		{"a name on the way out", "where blobs/sha256/", with(func(l []file) []file {
			l[3].name = "../../etc/passwd"
			return l
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newMachine(t)
			_, err := b.load(bytes.NewReader(c.archive), nil)
			var invalid *ArchiveError
			assert.Assert(t, errors.As(err, &invalid), "%v", err)
			assert.ErrorContains(t, err, c.why)
			assert.Equal(t, len(b.Objects()), 0)
		})
	}
	_, err := OpenArchive(bytes.NewReader(whole), "x", "linux/arm64")
	var mismatch *PlatformError
	assert.Assert(t, errors.As(err, &mismatch), "%v", err)
	assert.ErrorContains(t, err, "is for linux/amd64, not for linux/arm64")
	// One that somebody has uncompressed is as good.
	_, err = newMachine(t).load(bytes.NewReader(unpacked(t, whole)), nil)
	assert.NilError(t, err)
}

// TestLoadWithoutTheBase: an engine that has another base than the archive was saved on top of lacks layers.
func TestLoadWithoutTheBase(t *testing.T) {
	for name, about := range map[string]enginetest.About{"overlay2": enginetest.Modern, "containerd": withContainerd} {
		t.Run(name, func(t *testing.T) {
			a, b := newMachine(t), newMachine(t)
			b.SetAbout(about)
			first, second := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon.Add(time.Hour))
			delta, _ := a.archive(t, second, &first)
			b.AddImage(enginetest.Image{Tags: []string{"other"}, Labels: map[string]string{}, Layers: []enginetest.Layer{{Name: "other", Size: 1}}})
			img, err := b.e.Image(t.Context(), "other")
			assert.NilError(t, err)
			wrong := first
			wrong.Images = maps.Clone(first.Images)
			for name := range wrong.Images {
				wrong.Images[name] = img
			}
			before := b.Objects()
			_, err = b.load(bytes.NewReader(delta), &wrong)
			assert.ErrorContains(t, err, "it lacks the layer")
			assert.DeepEqual(t, b.Objects(), before)
		})
	}
}

// TestLoadWhenTheEngineFails: nothing of the snapshot stays, and the error is the engine's.
func TestLoadWhenTheEngineFails(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	whole, _ := a.archive(t, a.bootstrapped("aa", noon), nil)
	b.Fail("POST", "/images/load", 500, "write /var/lib/docker/x: no space left on device", 1)
	_, err := b.load(bytes.NewReader(whole), nil)
	assert.ErrorContains(t, err, "no space left on device")
	assert.Assert(t, strings.Contains(strings.Join(hint.All(err), " "), "docker system df"), "%v", hint.All(err))
	assert.Equal(t, len(b.Objects()), 0)
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

// TestEngineBreaksOff: an engine that fails on the way adds the reason to what it has sent, wherever that was.
func TestEngineBreaksOff(t *testing.T) {
	const why = `{"errorDetail":{"message":"read /var/lib/x: input/output error"},"error":"read /var/lib/x: input/output error"}` + "\r\n"
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	name := blobFolder + "sha256/" + strings.Repeat("a", 64)
	assert.NilError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 1 << 20}))
	_, err := w.Write(make([]byte, 100000))
	assert.NilError(t, err)
	for text, want := range map[string]string{
		b.String() + why:                     "the engine has broken off: read /var/lib/x: input/output error",
		b.String():                           "the engine has not sent the whole image",
		why:                                  "the engine has broken off: read /var/lib/x: input/output error",
		"<html>" + strings.Repeat(" ", 1000): "the engine has not sent the whole image",
	} {
		s, err := newSpool(t.TempDir(), noon)
		assert.NilError(t, err)
		defer s.close()
		assert.Error(t, s.read(t.Context(), strings.NewReader(text), func(v1.Hash) bool { return true }, func(int64) {}), want)
	}
}

// TestEngineLost: a connection that breaks while the engine sends is an error of its own.
func TestEngineLost(t *testing.T) {
	a := newMachine(t)
	s := a.bootstrapped("aa", noon)
	a.Before("GET", "/images/get", func(*http.Request) { panic(http.ErrAbortHandler) })
	_, err := a.save(t, s, nil, io.Discard)
	var lost *engine.LostError
	assert.Assert(t, errors.As(engine.Lost(err), &lost), "%v", err)
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
