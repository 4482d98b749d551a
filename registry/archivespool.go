package registry

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// archiveWriter writes parts of a tar, each compressed by itself: what is compressed is one stream, in whatever order the
// parts are put together.
type archiveWriter struct {
	out  *counter
	zstd *zstd.Encoder
	time time.Time
}

func newArchiveWriter(w io.Writer, at time.Time) (*archiveWriter, error) {
	z, err := zstd.NewWriter(nil)
	return &archiveWriter{out: &counter{w: w}, zstd: z, time: at.UTC().Truncate(time.Second)}, err
}

// file writes a file of that size.
func (a *archiveWriter) file(name string, size int64, content io.Reader) error {
	a.zstd.Reset(a.out)
	if err := writeFile(tar.NewWriter(a.zstd), name, size, a.time, content); err != nil {
		return err
	}
	return a.zstd.Close()
}

// writeFile writes a file of that size into a tar.
func writeFile(t *tar.Writer, name string, size int64, at time.Time, content io.Reader) error {
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size, ModTime: at}); err != nil {
		return err
	}
	n, err := io.Copy(t, io.LimitReader(content, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return t.Flush()
}

// end writes what ends a tar.
func (a *archiveWriter) end() error {
	a.zstd.Reset(a.out)
	if err := tar.NewWriter(a.zstd).Close(); err != nil {
		return err
	}
	return a.zstd.Close()
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// spool keeps the layers that an engine sends, compressed, in a file until it is known what they belong to.
type spool struct {
	f        *os.File
	buffer   *bufio.Writer // before f
	w        *archiveWriter
	sections map[v1.Hash]section
	small    map[v1.Hash][]byte // manifests and configurations
	images   []dockerManifest
}

// section is a layer, and where in the file it is; nowhere if it is not wanted.
type section struct {
	descriptor v1.Descriptor
	from, to   int64
}

// newSpool makes a file in dir that is gone when the spool is closed or the process ends.
func newSpool(dir string, at time.Time) (*spool, error) {
	f, err := os.CreateTemp(dir, ".docker-bmo-layers-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // a system that cannot do this yet does it in close
	s := &spool{f: f, buffer: bufio.NewWriterSize(f, 1<<20), sections: map[v1.Hash]section{}, small: map[v1.Hash][]byte{}}
	if s.w, err = newArchiveWriter(s.buffer, at); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// flush makes the file hold all that has been read.
func (s *spool) flush() error {
	if s.buffer == nil {
		return nil
	}
	return s.buffer.Flush()
}

func (s *spool) close() {
	_ = s.f.Close()
	_ = os.Remove(s.f.Name())
}

// read reads the tar that docker save makes. Layers that are not wanted leave no more than their description.
func (s *spool) read(ctx context.Context, r io.Reader, wanted func(v1.Hash) bool, tell func(done int64)) error {
	last := &tail{}
	done := &counter{w: last}
	t := tar.NewReader(io.TeeReader(r, done))
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return s.flush()
		}
		if err != nil {
			return engineTar(ctx, err, last)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		d, isBlob := blobHash(h.Name)
		switch {
		case h.Name == manifestFile:
			err = s.readImages(t)
		case isBlob:
			err = s.readBlob(d, h.Size, &told{t, func() { tell(done.n) }}, wanted)
		}
		if err != nil {
			return engineTar(ctx, err, last)
		}
	}
}

// told is a reader that calls fn with every read.
type told struct {
	io.Reader
	fn func()
}

func (t *told) Read(p []byte) (int, error) {
	t.fn()
	return t.Reader.Read(p)
}

// engineTar says why an engine's tar is not whole, as far as the engine does: it adds an error to what it has sent.
func engineTar(ctx context.Context, err error, last *tail) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var said struct{ Error string }
	if i := bytes.LastIndex(last.text, []byte(`{"error`)); i >= 0 && json.Unmarshal(last.text[i:], &said) == nil && said.Error != "" {
		return hint.Wrap(fmt.Errorf("the engine has broken off: %s", said.Error), engine.FailureHint)
	}
	if lost := (*engine.LostError)(nil); errors.As(err, &lost) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return hint.Wrap(errors.New("the engine has not sent the whole image"), engine.FailureHint)
	}
	return err
}

// tail keeps the last of what is written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.text = append(t.text, p[max(0, len(p)-most):]...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

// smallLimit is what a manifest or a configuration may have.
const smallLimit = 4 << 20

func (s *spool) readImages(r io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(r, bodyLimit))
	if err != nil {
		return err
	}
	return decodeImages(raw, &s.images)
}

// readBlob takes in a blob: what may be a manifest or a configuration into memory, a layer into the file.
func (s *spool) readBlob(d v1.Hash, size int64, r io.Reader, wanted func(v1.Hash) bool) error {
	if _, twice := s.sections[d]; twice {
		return nil
	}
	b := bufio.NewReaderSize(r, 1<<16)
	begin, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if size <= smallLimit && bytes.HasPrefix(begin, []byte("{")) {
		raw, err := io.ReadAll(b)
		if err == nil {
			s.small[d] = raw
		}
		return err
	}
	sec := section{descriptor: v1.Descriptor{MediaType: layerType(begin), Digest: d, Size: size}}
	if wanted(d) {
		sec.from = s.w.out.n
		sum := sha256.New()
		if err := s.w.file(blobName(d), size, io.TeeReader(b, sum)); err != nil {
			return err
		}
		if hex.EncodeToString(sum.Sum(nil)) != d.Hex {
			return fmt.Errorf("the engine sends another layer than %s", d)
		}
		sec.to = s.w.out.n
	}
	s.sections[d] = sec
	return nil
}

// layerType returns what a layer is that begins with those bytes.
func layerType(begin []byte) types.MediaType {
	switch {
	case bytes.HasPrefix(begin, []byte{0x1f, 0x8b}):
		return types.OCILayer
	case bytes.Equal(begin, zstdMagic):
		return types.OCILayerZStd
	}
	return types.OCIUncompressedLayer
}

// parts returns the images that were read, with manifests of our own, and what is to be in blobs. which says what part an
// image is.
func (s *spool) parts(which func(*v1.ConfigFile) string) (map[string]part, map[v1.Hash][]byte, error) {
	parts, blobs := map[string]part{}, map[v1.Hash][]byte{}
	for _, img := range s.images {
		d, raw, config, err := s.config(img)
		if err != nil {
			return nil, nil, fmt.Errorf("the engine sends no configuration for an image: %w", err)
		}
		m := &v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: d, Size: int64(len(raw))},
		}
		for _, name := range img.Layers {
			l, _ := blobHash(name)
			sec, ok := s.sections[l]
			if !ok {
				return nil, nil, fmt.Errorf("the engine does not send the layer %s, which it has no content of", l)
			}
			m.Layers = append(m.Layers, sec.descriptor)
		}
		p, manifest, err := newPart(m, config)
		if err != nil {
			return nil, nil, err
		}
		parts[which(config)] = p
		blobs[d], blobs[p.descriptor.Digest] = raw, manifest
	}
	return parts, blobs, nil
}

// config returns the configuration of an image, without the label that is only for this machine's user.
func (s *spool) config(img dockerManifest) (d v1.Hash, raw []byte, config *v1.ConfigFile, err error) {
	d, _ = blobHash(img.Config)
	raw = s.small[d]
	if config, err = v1.ParseConfigFile(bytes.NewReader(raw)); err != nil || config.Config.Labels[label.Start] == "" {
		return d, raw, config, err
	}
	delete(config.Config.Labels, label.Start)
	if raw, err = withoutLabel(raw, label.Start); err != nil {
		return d, nil, nil, err
	}
	d, _, err = v1.SHA256(bytes.NewReader(raw))
	return d, raw, config, err
}

// copy writes a layer as it is in the file.
func (s *spool) copy(w io.Writer, d v1.Hash) error {
	sec := s.sections[d]
	_, err := io.Copy(w, io.NewSectionReader(s.f, sec.from, sec.to-sec.from))
	return err
}
