package registry

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/docker-bmo/docker-bmo/snapshot"
)

// ArchiveError says that a file is not the archive of a snapshot, or not a whole one.
type ArchiveError struct {
	File string
	Err  error
}

func (e *ArchiveError) Error() string {
	return fmt.Sprintf("%s is not a snapshot to start from: %v", e.File, e.Err)
}

// Unwrap returns what is wrong with it.
func (e *ArchiveError) Unwrap() error { return e.Err }

// Hint says where another one comes from.
func (e *ArchiveError) Hint() string {
	return "copy it again, or write it again with `docker bmo snapshot save`"
}

// zstdMagic begins what is compressed by zstd.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// BaseError says that the layers which an archive lacks are not on the engine.
type BaseError struct{ File, Base string }

func (e *BaseError) Error() string {
	return fmt.Sprintf("%s was saved without the layers of snapshot %s, which is not on the engine", e.File, snapshot.Short(e.Base))
}

// Hint says how they get there.
func (e *BaseError) Hint() string {
	return "load or pull snapshot " + snapshot.Short(e.Base) + " first, or save this one without --base"
}

// Archive is a snapshot in a file, of which all but the layers has been read and checked.
type Archive struct {
	snapshot.Snapshot
	// Base is the key of the snapshot whose layers are not in the file; "" if all are.
	Base string

	file  string
	parts map[string]part
	blobs map[string][]byte // manifests and configurations, by the digest
	tar   *tar.Reader
	rest  io.Reader   // what tar reads
	at    *tar.Header // the entry that the tar is at; nil at its end
	close func()
}

// windowLimit is how much of what is uncompressed already an archive may refer to, and so the memory that reading it
// takes.
const windowLimit = 128 << 20

// OpenArchive reads the beginning of an archive, and checks that everything in it belongs together and is for that
// platform. file is what it is called in errors.
func OpenArchive(r io.Reader, file, platform string) (*Archive, error) {
	a := &Archive{file: file, blobs: map[string][]byte{}, close: func() {}}
	buffered := bufio.NewReaderSize(r, 1<<20)
	a.rest = buffered
	if magic, _ := buffered.Peek(4); bytes.Equal(magic, zstdMagic) {
		z, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(windowLimit), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		a.rest, a.close = z, z.Close
	}
	a.tar = tar.NewReader(a.rest)
	if err := a.head(platform); err != nil {
		a.close()
		if other := (*PlatformError)(nil); errors.As(err, &other) {
			return nil, other
		}
		return nil, a.invalid(err)
	}
	return a, nil
}

// Close frees what reading the archive takes.
func (a *Archive) Close() { a.close() }

// invalid says that something is wrong with the file.
func (a *Archive) invalid(err error) error {
	if errors.Is(err, tar.ErrHeader) {
		err = errors.New("it is no archive of `docker bmo snapshot save`, or is damaged")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it is cut off")
	}
	return &ArchiveError{File: a.file, Err: err}
}

// head reads what is before the layers: the index, the manifests and the configurations, in that order.
func (a *Archive) head(platform string) error {
	entries, err := a.readIndex()
	if err != nil {
		return err
	}
	// What the entries lead to is in the order of the snapshot's parts, the index in that of their names.
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Compare(slices.Index(a.Parts(), x.name), slices.Index(a.Parts(), y.name))
	})
	a.parts = map[string]part{}
	for _, e := range entries {
		raw, err := a.blob(e.digest)
		if err != nil {
			return err
		}
		p := part{descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: e.digest, Size: int64(len(raw))}}
		if p.manifest, err = v1.ParseManifest(bytes.NewReader(raw)); err != nil {
			return fmt.Errorf("the manifest of %s: %w", e.name, err)
		}
		a.parts[e.name] = p
	}
	for _, e := range entries {
		p := a.parts[e.name]
		raw, err := a.blob(p.manifest.Config.Digest)
		if err != nil {
			return err
		}
		if p.config, err = v1.ParseConfigFile(bytes.NewReader(raw)); err != nil {
			return fmt.Errorf("the configuration of %s: %w", e.name, err)
		}
		if err := p.check(a.Snapshot, e.name, platform); err != nil {
			return err
		}
		if len(p.config.RootFS.DiffIDs) != len(p.manifest.Layers) {
			return fmt.Errorf("the manifest of %s has %d layers, and its configuration %d", e.name, len(p.manifest.Layers), len(p.config.RootFS.DiffIDs))
		}
		img := a.Images[e.name]
		img.Labels, img.Size = p.config.Config.Labels, p.size()
		a.Images[e.name], a.parts[e.name] = img, p
	}
	return nil
}

// readIndex reads the index, which is before everything else of interest.
func (a *Archive) readIndex() ([]entry, error) {
	if err := a.next(); err != nil {
		return nil, err
	}
	for a.at != nil && a.at.Name != indexFile {
		if a.at.Name != layoutFile {
			return nil, fmt.Errorf("it begins with %q, not with the index of a snapshot", a.at.Name)
		}
		if err := a.next(); err != nil {
			return nil, err
		}
	}
	raw, err := a.content()
	if err != nil {
		return nil, err
	}
	s, entries, err := readIndex(raw)
	if err != nil {
		return nil, err
	}
	m, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	a.Snapshot, a.Base = s, m.Annotations[baseAnnotation]
	if !keyTag.MatchString(s.Key) || a.Base != "" && !keyTag.MatchString(a.Base) {
		return nil, errors.New("it has a key that is none")
	}
	return entries, a.next()
}

// next goes to the next file in the archive.
func (a *Archive) next() error {
	for {
		h, err := a.tar.Next()
		if errors.Is(err, io.EOF) {
			a.at = nil
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			h.Name = path.Clean(h.Name)
			a.at = h
			return nil
		}
	}
}

// content reads the file that the archive is at.
func (a *Archive) content() ([]byte, error) {
	if a.at == nil {
		return nil, io.ErrUnexpectedEOF
	}
	if a.at.Size > bodyLimit {
		return nil, fmt.Errorf("%s is larger than %d bytes", a.at.Name, bodyLimit)
	}
	return io.ReadAll(io.LimitReader(a.tar, bodyLimit))
}

// blob reads the next file, which must be the one with that digest, unless it has been read before.
func (a *Archive) blob(d v1.Hash) ([]byte, error) {
	if raw, ok := a.blobs[d.String()]; ok {
		return raw, nil
	}
	for a.at != nil && a.at.Name == manifestFile {
		if err := a.next(); err != nil {
			return nil, err
		}
	}
	if a.at != nil && a.at.Name != blobName(d) {
		return nil, fmt.Errorf("it has %s where %s is to be", a.at.Name, blobName(d))
	}
	raw, err := a.content()
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); d.Algorithm != "sha256" || hex.EncodeToString(sum[:]) != d.Hex {
		return nil, fmt.Errorf("%s has another digest", a.at.Name)
	}
	a.blobs[d.String()] = raw
	return raw, a.next()
}

// Names in an OCI image layout, and of what docker has in addition to it.
const (
	layoutFile   = "oci-layout"
	indexFile    = "index.json"
	manifestFile = "manifest.json"
	blobFolder   = "blobs/"
)

const layoutVersion = `{"imageLayoutVersion":"1.0.0"}`

func blobName(d v1.Hash) string { return blobFolder + d.Algorithm + "/" + d.Hex }

// blobHash returns the digest that a file of a layout is named by.
func blobHash(name string) (v1.Hash, bool) {
	rest, ok := strings.CutPrefix(path.Clean(name), blobFolder)
	algorithm, digest, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return v1.Hash{}, false
	}
	h, err := v1.NewHash(algorithm + ":" + digest)
	return h, err == nil && algorithm == "sha256"
}

// dockerManifest is an entry of manifest.json: one image.
type dockerManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// layout returns the files of a layout that are before the blobs.
func layout(s snapshot.Snapshot, idx []byte, parts map[string]part) (files []file, err error) {
	var list []dockerManifest
	for _, name := range s.Parts() {
		p := parts[name]
		m := dockerManifest{Config: blobName(p.manifest.Config.Digest), RepoTags: []string{snapshot.Tag(s.Stack, name, s.Key)}}
		for _, l := range p.manifest.Layers {
			m.Layers = append(m.Layers, blobName(l.Digest))
		}
		list = append(list, m)
	}
	raw, err := json.Marshal(list)
	return []file{{layoutFile, []byte(layoutVersion)}, {indexFile, idx}, {manifestFile, raw}}, err
}

// file is a small file in an archive.
type file struct {
	name    string
	content []byte
}
