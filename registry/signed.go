package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/docker-bmo/docker-bmo/attest"
)

// What cosign calls the parts of its signatures. They lie under a tag that is made of the digest which they are about, as
// registries need nothing new for that.
const (
	signatureTag        = ".sig"
	attestationTag      = ".att"
	signatureAnnotation = "dev.cosignproject.cosign/signature"
	signatureLayer      = types.MediaType("application/vnd.dev.cosign.simplesigning.v1+json")
	predicateAnnotation = "predicateType"
)

// SignatureError says that something in a repository is not signed by the key that was asked for.
type SignatureError struct{ Repository, What, Why string }

func (e *SignatureError) Error() string {
	return fmt.Sprintf("%s in %s is not taken: %s", e.What, e.Repository, e.Why)
}

// Hint says what to do about it.
func (e *SignatureError) Hint() string {
	return "`docker bmo push --sign KEY` signs a snapshot; if it was signed, somebody has changed it since, or the key is another one"
}

// Require has only those snapshots found from now on whose index was signed by the key; nil for all.
func (r *Repository) Require(v *attest.Verifier) { r.require = v }

// sign puts a signature of what has that digest next to those that it has, unless it has one by this key.
func (r *Repository) sign(ctx context.Context, digest v1.Hash, by *attest.Signer) error {
	payload, err := attest.Payload(r.repo.Name(), digest.String(), map[string]any{"creator": author})
	if err != nil {
		return err
	}
	signature, err := by.Sign(payload)
	if err != nil {
		return err
	}
	verifier := by.Verifier()
	return r.attach(ctx, digest, signatureTag, addition{mutate.Addendum{
		Layer: static.NewLayer(payload, signatureLayer), MediaType: signatureLayer,
		Annotations: map[string]string{signatureAnnotation: base64.StdEncoding.EncodeToString(signature)},
	}, func(s saying) bool {
		return verifier.CheckSignature(s.text, s.annotations[signatureAnnotation], digest.String()) == nil
	}})
}

// attestTo puts signed statements about what has that digest next to those that it has, unless it has the same by this key.
func (r *Repository) attestTo(ctx context.Context, digest v1.Hash, by *attest.Signer, list ...statement) error {
	verifier := by.Verifier()
	var adds []addition
	for _, st := range list {
		envelope, err := by.Envelope(st.text)
		if err != nil {
			return err
		}
		adds = append(adds, addition{mutate.Addendum{
			Layer: static.NewLayer(envelope, attest.EnvelopeType), MediaType: attest.EnvelopeType,
			Annotations: map[string]string{signatureAnnotation: "", predicateAnnotation: st.predicate},
		}, func(s saying) bool {
			same, err := verifier.Open(s.text)
			return err == nil && string(same) == string(st.text)
		}})
	}
	return r.attach(ctx, digest, attestationTag, adds...)
}

// verify returns a *SignatureError unless what has that digest is signed by the key, and so is one of the signed statements
// about it, if there are any.
func (r *Repository) verify(ctx context.Context, what string, digest v1.Hash, by *attest.Verifier) error {
	err := r.anyOf(ctx, digest, signatureTag, func(s saying) error {
		return by.CheckSignature(s.text, s.annotations[signatureAnnotation], digest.String())
	})
	if errors.Is(err, errNothingSaid) {
		err = refusal("it is not signed")
	}
	if err == nil {
		err = r.anyOf(ctx, digest, attestationTag, func(s saying) error {
			statement, err := by.Open(s.text)
			if err != nil {
				return fmt.Errorf("a statement about it: %w", err)
			}
			return attest.About(statement, digest.String())
		})
	}
	var why refusal
	switch {
	case err == nil || errors.Is(err, errNothingSaid):
		return nil
	case errors.As(err, &why):
		return &SignatureError{r.String(), what, string(why)}
	}
	return r.explain(ctx, err)
}

// refusal is why something is not taken.
type refusal string

func (r refusal) Error() string { return string(r) }

// errNothingSaid reports that there are no signatures or statements.
var errNothingSaid = errors.New("nothing is said of it")

// anyOf returns nil if one of the things that are said of a digest passes a check, else a refusal.
func (r *Repository) anyOf(ctx context.Context, digest v1.Hash, suffix string, check func(saying) error) error {
	said, err := r.said(ctx, digest, suffix)
	if invalid := (*InvalidError)(nil); errors.As(err, &invalid) {
		return refusal("what is said of it under " + invalid.What + " is damaged: " + invalid.Why)
	}
	if err != nil {
		return err
	}
	why := errNothingSaid
	for _, s := range said.list {
		if err := check(s); err != nil {
			why = refusal(err.Error())
			continue
		}
		return nil
	}
	return why
}

// signAll signs a snapshot's index, which is not there yet, and each of its images, for those who start one by its digest.
// What is attested of them has its digest in the index; in the form that cosign reads it is signed once more.
func (r *Repository) signAll(ctx context.Context, q PushRequest, idx index, parts map[string]part, said map[string][]statement) error {
	if q.Sign == nil {
		return nil
	}
	digest, err := idx.digest()
	if err != nil {
		return err
	}
	for _, name := range q.Snapshot.Parts() {
		about := parts[name].descriptor.Digest
		if err := r.attestTo(ctx, about, q.Sign, said[name]...); err != nil {
			return err
		}
		if err := r.sign(ctx, about, q.Sign); err != nil {
			return err
		}
	}
	if q.Attest.Provenance {
		s, err := r.aboutSnapshot(q, parts, attest.NewSubject(r.String(), digest.String()))
		if err != nil {
			return err
		}
		if err := r.attestTo(ctx, digest, q.Sign, s); err != nil {
			return err
		}
	}
	return r.sign(ctx, digest, q.Sign)
}

// Signatures returns how many signatures a snapshot has, by any keys.
func (r *Repository) Signatures(ctx context.Context, f *Found) (int, error) {
	said, err := r.said(ctx, f.digest, signatureTag)
	return len(said.list), r.explain(ctx, err)
}

// Vouched reports whether the snapshot with that key is there, its index is signed by a key, nil for none, and that is
// attested of it which is asked for.
func (r *Repository) Vouched(ctx context.Context, key string, by *attest.Verifier, want attest.Options) (bool, error) {
	d, err := r.puller.Get(ctx, r.repo.Tag(key))
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, r.explain(ctx, err)
	}
	if want.Asked {
		list, err := attestations(d.Manifest)
		if err != nil || !covers(list, want) {
			return false, nil //nolint:nilerr // what is no index is not what is asked for
		}
	}
	if by == nil {
		return true, nil
	}
	err = r.verify(ctx, key, d.Digest, by)
	if refused := (*SignatureError)(nil); errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}
