package registry

import (
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// baseAnnotation is the key of the snapshot whose layers an archive lacks.
const baseAnnotation = label.Prefix + "base"

// newArchiveIndex returns the index of a snapshot in an archive: as it is in a registry, with the names that docker load
// gives the images, and what the archive lacks.
func newArchiveIndex(s snapshot.Snapshot, parts map[string]part, base string) ([]byte, error) {
	idx, err := newIndex(s, parts)
	if err != nil {
		return nil, err
	}
	var m v1.IndexManifest
	if err := json.Unmarshal(idx.raw, &m); err != nil {
		return nil, err
	}
	if base != "" {
		m.Annotations[baseAnnotation] = base
	}
	for _, d := range m.Manifests {
		d.Annotations["io.containerd.image.name"] = "docker.io/" + snapshot.Tag(s.Stack, d.Annotations[label.Service], s.Key)
		d.Annotations["org.opencontainers.image.ref.name"] = snapshot.Short(s.Key)
	}
	return json.Marshal(m)
}

// chains returns an identifier for each layer of an image, which also says what is below it.
func chains(diffIDs []string) []string {
	list := make([]string, len(diffIDs))
	below := ""
	for i, id := range diffIDs {
		below += " " + id
		list[i] = below
	}
	return list
}

// diffIDs are the digests of an image's layers when uncompressed.
func (p part) diffIDs() []string {
	var list []string
	for _, d := range p.config.RootFS.DiffIDs {
		list = append(list, d.String())
	}
	return list
}

// needed returns the layers of images, by digest, that are not on top of the same layers in what has those chains.
func needed(parts map[string]part, had map[string]bool) map[v1.Hash]v1.Descriptor {
	list := map[v1.Hash]v1.Descriptor{}
	for _, p := range parts {
		for i, chain := range chains(p.diffIDs()) {
			if !had[chain] {
				list[p.manifest.Layers[i].Digest] = p.manifest.Layers[i]
			}
		}
	}
	return list
}
