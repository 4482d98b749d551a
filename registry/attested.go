package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// What BuildKit calls the parts of its attestations: an index has, next to an image, a manifest whose layers are statements
// about it.
const (
	referenceType       = "vnd.docker.reference.type"
	referenceDigest     = "vnd.docker.reference.digest"
	attestationManifest = "attestation-manifest"
	predicateType       = "in-toto.io/predicate-type"
)

// attestedAnnotation is, on the entry of such a manifest, the types of its statements' predicates.
const attestedAnnotation = label.Prefix + "attested"

// nameOfAttestation returns the tag of what is attested of an image with that tag, which keeps a registry's own garbage
// collection from it.
func nameOfAttestation(part string) string { return "attestation-" + part }

// attests reports whether an entry of an index is what is attested of another one.
func attests(d v1.Descriptor) bool { return d.Annotations[referenceType] == attestationManifest }

// statement is an in-toto statement, and its predicate's type.
type statement struct {
	predicate string
	text      []byte
}

// attestAll puts what is to be attested of a snapshot's images into the repository, and returns its entries in the index, and
// the statements by what the images are for.
func (r *Repository) attestAll(ctx context.Context, q PushRequest, parts map[string]part) (list []v1.Descriptor, said map[string][]statement, err error) {
	if len(q.Attest.Predicates()) == 0 {
		return nil, nil, nil
	}
	whole, err := r.aboutSnapshot(q, parts)
	if err != nil {
		return nil, nil, err
	}
	said = map[string][]statement{}
	for _, name := range q.Snapshot.Parts() {
		about := parts[name].descriptor.Digest
		subject := attest.NewSubject(r.subject(q.Snapshot, name), about.String())
		var statements []statement
		if q.Attest.SBOM {
			if statements, err = q.sbom(ctx, name, subject, about.String()); err != nil {
				return nil, nil, fmt.Errorf("software bill of materials of %s: %w", name, err)
			}
		}
		if q.Attest.Provenance {
			text, err := attest.NewStatement(attest.ProvenanceType, attest.Provenance(q.Snapshot, name, q.Attest.Builder), subject)
			if err != nil {
				return nil, nil, err
			}
			statements = append(statements, statement{attest.ProvenanceType, text}, whole)
		}
		d, err := r.attestPart(ctx, q.Snapshot, name, about, statements...)
		if err != nil {
			return nil, nil, r.explain(ctx, err)
		}
		list, said[name] = append(list, d), statements
	}
	return list, said, nil
}

// subject is what an image is called in statements.
func (r *Repository) subject(s snapshot.Snapshot, name string) string {
	return r.String() + ":" + nameOfPart(s, name)
}

// aboutSnapshot returns the statement about a snapshot, whose subjects are its images and, if given, its index.
func (r *Repository) aboutSnapshot(q PushRequest, parts map[string]part, index ...attest.Subject) (s statement, err error) {
	digests := map[string]string{}
	for _, name := range q.Snapshot.Parts() {
		digests[name] = parts[name].descriptor.Digest.String()
		index = append(index, attest.NewSubject(r.subject(q.Snapshot, name), digests[name]))
	}
	s.predicate = attest.SnapshotType
	s.text, err = attest.NewStatement(s.predicate, attest.Snapshot(q.Snapshot, q.Platform, digests), index...)
	return s, err
}

// attestPart puts statements about an image into the repository, as BuildKit does, and returns their entry in an index. Those of
// one snapshot are the same whenever it is pushed.
func (r *Repository) attestPart(ctx context.Context, s snapshot.Snapshot, name string, about v1.Hash, list ...statement) (d v1.Descriptor, err error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		Architecture: "unknown", OS: "unknown", Author: author, Created: v1.Time{Time: s.Created.UTC()},
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}},
	}); err != nil {
		return d, err
	}
	var predicates []string
	for _, l := range list {
		if img, err = mutate.Append(img, mutate.Addendum{
			Layer: static.NewLayer(l.text, attest.StatementType), MediaType: attest.StatementType,
			Annotations: map[string]string{predicateType: l.predicate},
		}); err != nil {
			return d, err
		}
		predicates = append(predicates, l.predicate)
	}
	if err := r.upload(ctx, r.repo.Tag(nameOfAttestation(nameOfPart(s, name))), img); err != nil {
		return d, err
	}
	if d.Digest, err = img.Digest(); err != nil {
		return d, err
	}
	d.Size, err = img.Size()
	d.MediaType, d.Platform = types.OCIManifestSchema1, &v1.Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{
		referenceType: attestationManifest, referenceDigest: about.String(), attestedAnnotation: strings.Join(predicates, ","),
	}
	return d, err
}

// Attestation is what is attested of an image.
type Attestation struct {
	// Digest is that of the manifest whose layers are the statements, About that of the image.
	Digest, About string
	// Predicates are the types of the statements' predicates.
	Predicates []string
}

// attestations returns what an index says is attested of its images.
func attestations(raw []byte) (list []Attestation, err error) {
	m, err := v1.ParseIndexManifest(strings.NewReader(string(raw)))
	if err != nil {
		return nil, err
	}
	for _, d := range m.Manifests {
		if attests(d) {
			a := Attestation{Digest: d.Digest.String(), About: d.Annotations[referenceDigest]}
			if types := d.Annotations[attestedAnnotation]; types != "" {
				a.Predicates = strings.Split(types, ",")
			}
			list = append(list, a)
		}
	}
	return list, nil
}

// attested returns what an index says is attested of its images. With a key that is required, all of it is read and checked.
func (r *Repository) attested(ctx context.Context, raw []byte) ([]Attestation, error) {
	list, err := attestations(raw)
	if err != nil || r.require == nil {
		return list, err
	}
	for _, a := range list {
		if _, err := r.Statements(ctx, a); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Statements reads the statements about an image, and checks that they are about it.
func (r *Repository) Statements(ctx context.Context, a Attestation) (list [][]byte, err error) {
	d, err := r.puller.Get(ctx, r.repo.Digest(a.Digest))
	if missing(err) {
		return nil, r.invalid(a.Digest, fmt.Errorf("what is attested of %s is gone", a.About))
	}
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	img, err := d.Image()
	if err != nil {
		return nil, r.invalid(a.Digest, err)
	}
	m, err := img.Manifest()
	if err != nil {
		return nil, r.invalid(a.Digest, err)
	}
	for _, l := range m.Layers {
		text, err := r.blob(ctx, l)
		if err == nil {
			if err = attest.About(text, a.About); err != nil {
				err = r.invalid(a.Digest, err)
			}
		}
		if err != nil {
			return nil, r.explain(ctx, err)
		}
		list = append(list, text)
	}
	return list, nil
}

// covers reports whether what is attested of images is all that is asked for.
func covers(list []Attestation, want attest.Options) bool {
	for _, a := range list {
		for _, p := range want.Predicates() {
			if !slices.Contains(a.Predicates, p) {
				return false
			}
		}
	}
	return len(list) > 0 || len(want.Predicates()) == 0
}
