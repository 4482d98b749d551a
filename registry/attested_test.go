package registry

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/attest"
)

// TestAttested: each image has its statements next to it in the index, as BuildKit has them, under a tag of their own; they
// are about it, and have nothing of what is for one user only. What is pushed again is the same.
func TestAttested(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	_, err := a.push(srv.repository(t), s)
	assert.NilError(t, err)
	r := srv.repository(t)
	f, err := r.FindKey(t.Context(), s.Key, platform)
	assert.NilError(t, err)
	assert.Equal(t, len(f.Attestations), 2)
	for i, name := range s.Parts() {
		at := f.Attestations[i]
		assert.Equal(t, at.About, f.Images[name].ID)
		assert.DeepEqual(t, at.Predicates, []string{attest.ProvenanceType, attest.SnapshotType})
		d, err := r.puller.Get(t.Context(), r.repo.Tag(nameOfAttestation(nameOfPart(s, name))))
		assert.NilError(t, err)
		assert.Equal(t, d.Digest.String(), at.Digest)
		texts, err := r.Statements(t.Context(), at)
		assert.NilError(t, err)
		assert.Equal(t, len(texts), 2)
		for _, text := range texts {
			assert.Assert(t, !strings.Contains(string(text), secret))
			var st attest.Statement
			assert.NilError(t, json.Unmarshal(text, &st))
			assert.NilError(t, attest.About(text, at.About))
		}
	}
	first, err := r.puller.Head(t.Context(), r.repo.Tag(s.Key))
	assert.NilError(t, err)
	_, err = a.push(srv.repository(t), s)
	assert.NilError(t, err)
	again, err := srv.repository(t).puller.Head(t.Context(), r.repo.Tag(s.Key))
	assert.NilError(t, err)
	assert.Equal(t, again.Digest, first.Digest)
	_, err = r.Statements(t.Context(), Attestation{Digest: f.Attestations[0].Digest, About: f.Attestations[1].About})
	assert.ErrorContains(t, err, "about something else")
}

// TestAttestedIsAskedFor: what is there without what is asked for does not count as there.
func TestAttestedIsAskedFor(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	push := func(o attest.Options) {
		t.Helper()
		_, err := srv.repository(t).Push(t.Context(), PushRequest{Engine: a.e, Sealer: a.Fake, Platform: platform, Snapshot: s, Attest: o})
		assert.NilError(t, err)
	}
	is := func(want attest.Options) bool {
		t.Helper()
		is, err := srv.repository(t).Vouched(t.Context(), s.Key, nil, want)
		assert.NilError(t, err)
		return is
	}
	asked := attest.Options{Provenance: true, Asked: true}
	assert.Assert(t, !is(asked))
	push(attest.Options{})
	assert.Assert(t, !is(asked))
	assert.Assert(t, is(attest.Options{Provenance: true}))
	push(asked)
	assert.Assert(t, is(asked))
}

// TestAttestedGoes: what is attested is removed with the images, and that of a push that was killed when it is a day old.
func TestAttestedGoes(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	s, parts := pushed(t, srv, a, "aa", noon)
	half := a.bootstrapped("bb", noon)
	_, err := srv.repository(t).attestPart(t.Context(), half, "db", parts["db"].descriptor.Digest, statement{"x", []byte("{}")})
	assert.NilError(t, err)
	tags := func() (n int) {
		list, err := srv.repository(t).tags(t.Context())
		assert.NilError(t, err)
		for _, tag := range list {
			if strings.HasPrefix(tag, nameOfAttestation("")) {
				n++
			}
		}
		return n
	}
	assert.Equal(t, tags(), 3)
	for _, c := range []struct{ age, want int }{{23, 3}, {25, 2}} {
		_, err := srv.repository(t).RemoveAbandoned(t.Context(), noon.Add(time.Duration(c.age)*time.Hour))
		assert.NilError(t, err)
		assert.Equal(t, tags(), c.want)
	}
	list, err := srv.repository(t).List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, list[0].Key, s.Key)
	_, err = srv.repository(t).Remove(t.Context(), list)
	assert.NilError(t, err)
	assert.Equal(t, tags(), 0)
}

// TestAttestedOfNothing: an index with a statement about what it has not is refused.
func TestAttestedOfNothing(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	s, parts := pushed(t, srv, a, "aa", noon)
	stray := v1.Descriptor{Digest: parts["db"].descriptor.Digest, Annotations: map[string]string{
		referenceType: attestationManifest, referenceDigest: "sha256:" + strings.Repeat("0", 64),
	}}
	idx, err := newIndex(s, parts, stray)
	assert.NilError(t, err)
	_, _, err = readIndex(idx.raw)
	assert.ErrorContains(t, err, "attested of sha256:000")
}
