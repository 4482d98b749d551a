package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

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
