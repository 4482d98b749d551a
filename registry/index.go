package registry

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// mediaType is that of a snapshot's index.
const mediaType = string(types.OCIImageIndex)

// sizeAnnotation is the number of bytes of an image's layers as they are in the registry.
const sizeAnnotation = label.Prefix + "size"

// Tags of a repository: a snapshot's key, "inputs-" and the digest of its inputs, one for each of its images, and one
// for what is attested of each; and, as cosign has them, those of signatures and signed statements, by the digest of what they are about.
var (
	keyTag  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	saidTag = regexp.MustCompile(`^sha256-([0-9a-f]{64})\.(?:sig|att)$`)
	partTag = regexp.MustCompile(`^(?:attestation-)?[0-9a-f]{12}-[0-9a-f]{8}-[a-z0-9._-]+$`)
)

// inputsTag returns the tag of the newest snapshot of the inputs with that digest.
func inputsTag(inputs string) string { return "inputs-" + inputs }

// nameOfPart returns the tag of one image of a snapshot. Two snapshots with the same key have other ones, so that the
// images of none lose their names.
func nameOfPart(s snapshot.Snapshot, part string) string {
	sum := sha256.Sum256([]byte(s.Created.UTC().Format(time.RFC3339Nano)))
	name := snapshot.PartName(part)
	return snapshot.Short(s.Key) + "-" + hex.EncodeToString(sum[:4]) + "-" + name[:min(len(name), 64)]
}

// index is a snapshot's index as it is in the registry.
type index struct{ raw []byte }

// RawManifest is that of remote.Taggable.
func (i index) RawManifest() ([]byte, error) { return i.raw, nil }

// MediaType is that of remote.Taggable.
func (i index) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }

// digest returns what the index is found by.
func (i index) digest() (v1.Hash, error) {
	d, _, err := v1.SHA256(bytes.NewReader(i.raw))
	return d, err
}

// newIndex returns the index of a snapshot with those images in the registry, by what they are for, and what is attested of
// them.
func newIndex(s snapshot.Snapshot, images map[string]part, more ...v1.Descriptor) (index, error) {
	m := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Annotations: shared(s, images)}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		p := images[name]
		d := p.descriptor
		d.Platform = &v1.Platform{OS: p.config.OS, Architecture: p.config.Architecture, Variant: p.config.Variant}
		d.Annotations = map[string]string{label.Service: name, sizeAnnotation: strconv.FormatInt(p.size(), 10)}
		m.Manifests = append(m.Manifests, d)
	}
	m.Manifests = append(m.Manifests, more...)
	raw, err := json.Marshal(m)
	return index{raw}, err
}

// shared are the index's annotations: the labels that all of the snapshot's images have, which is what can be said of it
// without reading those.
func shared(s snapshot.Snapshot, images map[string]part) map[string]string {
	annotations := map[string]string{}
	s.Images = map[string]engine.Image{} // as they are in the registry
	for name, p := range images {
		s.Images[name] = engine.Image{Labels: p.config.Config.Labels}
	}
	for k, v := range s.SharedLabels() {
		if len(v) <= 4096 {
			annotations[k] = v
		}
	}
	maps.Copy(annotations, s.Labels())
	return annotations
}

// entry is one image of a snapshot in a registry, as the index has it.
type entry struct {
	name   string
	digest v1.Hash
	size   int64
}

// readIndex returns what an index says, and whether it is one of a snapshot.
func readIndex(raw []byte) (s snapshot.Snapshot, entries []entry, err error) {
	m, err := v1.ParseIndexManifest(strings.NewReader(string(raw)))
	if err != nil {
		return s, nil, fmt.Errorf("it is no index: %w", err)
	}
	if m.Annotations[label.Role] != label.RoleSnapshot {
		return s, nil, fmt.Errorf("it has no annotation %s", label.Role)
	}
	if s, err = snapshot.FromLabels(m.Annotations); err != nil {
		return s, nil, err
	}
	for _, d := range m.Manifests {
		if attests(d) {
			if about := d.Annotations[referenceDigest]; !slices.ContainsFunc(m.Manifests, func(o v1.Descriptor) bool { return o.Digest.String() == about }) {
				return s, nil, fmt.Errorf("it has something that is attested of %s, which it has not", about)
			}
			continue
		}
		name := d.Annotations[label.Service]
		if _, twice := s.Images[name]; twice || !slices.Contains(s.Parts(), name) {
			return s, nil, fmt.Errorf("it has %q, which is none of its services, or has it twice", name)
		}
		size, _ := strconv.ParseInt(d.Annotations[sizeAnnotation], 10, 64)
		labels := maps.Clone(m.Annotations)
		labels[label.Service] = name
		s.Images[name] = engine.Image{ID: d.Digest.String(), Labels: labels, Created: s.Created, Size: size}
		entries = append(entries, entry{name, d.Digest, size})
	}
	if !s.Complete() {
		return s, nil, fmt.Errorf("it lacks images of %s", strings.Join(lacking(s), ", "))
	}
	return s, entries, nil
}

func lacking(s snapshot.Snapshot) []string {
	return slices.DeleteFunc(s.Parts(), func(name string) bool { _, ok := s.Images[name]; return ok })
}
