package registry

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// newKey returns a private key.
func newKey(t *testing.T) *attest.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	assert.NilError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	assert.NilError(t, err)
	signer, err := attest.ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	assert.NilError(t, err)
	return signer
}

// pushSigned pushes a snapshot that is signed by a key; nil for none.
func (m *machine) pushSigned(r *Repository, s snapshot.Snapshot, key *attest.Signer) error {
	_, err := r.Push(m.t.Context(), PushRequest{Engine: m.e, Sealer: m.Fake, Platform: platform, Snapshot: s, Sign: key, Attest: attest.Options{Provenance: true}})
	return err
}

// requiring returns a repository that only what is signed by the key is found in.
func (s *server) requiring(t *testing.T, by *attest.Verifier) *Repository {
	t.Helper()
	r := s.repository(t)
	r.Require(by)
	return r
}

// TestSigned: what is signed by the key is pulled; what is not signed, or by another key, is refused before the engine or
// an image is asked for anything; a second signature stays next to the first.
func TestSigned(t *testing.T) {
	srv, a, b := newServer(t), newMachine(t), newMachine(t)
	key, other := newKey(t), newKey(t)
	s := a.bootstrapped("aa", noon)
	assert.NilError(t, a.pushSigned(srv.repository(t), s, nil))
	refused := func(by *attest.Signer, why string) {
		t.Helper()
		srv.set(nil)
		_, _, err := b.pull(srv.requiring(t, by.Verifier()), s.Key)
		var unsigned *SignatureError
		assert.Assert(t, errors.As(err, &unsigned), "%v", err)
		assert.ErrorContains(t, err, why)
		assert.Equal(t, b.Count("POST", ".*"), 0)
		for _, request := range srv.seen() {
			assert.Assert(t, strings.Contains(request, s.Key) || strings.Contains(request, signatureTag) ||
				strings.Contains(request, "/blobs/") || strings.HasSuffix(request, "/v2/"), request)
		}
	}
	refused(key, "it is not signed")
	assert.NilError(t, a.pushSigned(srv.repository(t), s, other))
	refused(key, "it is not signed by this key")
	for range 2 { // the second time, it is there
		assert.NilError(t, a.pushSigned(srv.repository(t), s, key))
	}
	for _, by := range []*attest.Signer{key, other} {
		is, err := srv.repository(t).Vouched(t.Context(), s.Key, by.Verifier(), attest.Options{})
		assert.NilError(t, err)
		assert.Assert(t, is)
	}
	d, err := srv.repository(t).puller.Head(t.Context(), srv.repository(t).repo.Tag(s.Key))
	assert.NilError(t, err)
	said, err := srv.repository(t).said(t.Context(), d.Digest, signatureTag)
	assert.NilError(t, err)
	assert.Equal(t, len(said.list), 2)
	got, _, err := b.pull(srv.requiring(t, key.Verifier()), s.Key)
	assert.NilError(t, err)
	assert.Assert(t, got.Complete())
}

// TestSignatureOfAnother: a signature that was made of something else is none of this.
func TestSignatureOfAnother(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	key := newKey(t)
	good, bad := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon)
	assert.NilError(t, a.pushSigned(srv.repository(t), good, key))
	assert.NilError(t, a.pushSigned(srv.repository(t), bad, nil))
	r := srv.repository(t)
	from, err := r.puller.Head(t.Context(), r.repo.Tag(good.Key))
	assert.NilError(t, err)
	to, err := r.puller.Head(t.Context(), r.repo.Tag(bad.Key))
	assert.NilError(t, err)
	said, err := r.said(t.Context(), from.Digest, signatureTag)
	assert.NilError(t, err)
	assert.NilError(t, r.pusher.Push(t.Context(), r.repo.Tag(attachedTag(to.Digest, signatureTag)), said.image))
	_, err = srv.requiring(t, key.Verifier()).FindKey(t.Context(), bad.Key, platform)
	assert.ErrorContains(t, err, "its signature is of something else")

	// The index of another, under this one's name, is refused although it is signed.
	d, err := r.puller.Get(t.Context(), r.repo.Tag(good.Key))
	assert.NilError(t, err)
	assert.NilError(t, r.pusher.Put(t.Context(), r.repo.Tag(bad.Key), d))
	_, err = srv.requiring(t, key.Verifier()).FindKey(t.Context(), bad.Key, platform)
	assert.ErrorContains(t, err, "its key is aa")
}

// TestTampered: a byte that was changed in the registry is noticed before the engine is asked for anything, in the index,
// in an image's manifest or configuration, and in the signature.
func TestTampered(t *testing.T) {
	srv, a, b := newServer(t), newMachine(t), newMachine(t)
	key := newKey(t)
	s := a.bootstrapped("aa", noon)
	assert.NilError(t, a.pushSigned(srv.repository(t), s, key))
	srv.set(nil)
	_, err := srv.requiring(t, key.Verifier()).FindKey(t.Context(), s.Key, platform)
	assert.NilError(t, err)
	seen := map[string]bool{}
	for _, request := range srv.seen() {
		path, is := strings.CutPrefix(request, "GET ")
		if !is || seen[path] || strings.HasSuffix(path, "/v2/") {
			continue
		}
		seen[path] = true
		srv.tamper(path)
		_, _, err := b.pull(srv.requiring(t, key.Verifier()), s.Key)
		assert.Assert(t, err != nil, path)
		t.Logf("%s: %v", path, err)
		assert.Equal(t, b.Count("POST", ".*"), 0)
		srv.set(nil)
	}
	assert.Assert(t, len(seen) > 6, "%v", seen)
}

// tamper changes a letter in the answer to each request of a path.
func (s *server) tamper(path string) {
	s.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path || r.Method != http.MethodGet || r.Header.Get("X-Again") != "" {
			return false
		}
		again := r.Clone(r.Context())
		again.Header.Set("X-Again", "1")
		s.inner.ServeHTTP(&tampering{ResponseWriter: w}, again)
		return true
	})
}

// tampering changes a letter in the middle of what is written, or of the signature or the digest in it.
type tampering struct{ http.ResponseWriter }

func (w *tampering) Write(p []byte) (int, error) {
	changed := append([]byte(nil), p...)
	from := len(p) / 2
	if i := bytes.Index(p, []byte(signatureAnnotation)); i > 0 {
		from = i + len(signatureAnnotation) + 8
	}
	if i := bytes.LastIndex(p, []byte(`"digest":"`)); i > 0 && bytes.Contains(p, []byte(attest.EnvelopeType)) {
		from = i + len(`"digest":"`) + 8
	}
	for i := from; i < len(p); i++ {
		if p[i] >= 'a' && p[i] < 'z' {
			changed[i]++
			break
		}
	}
	return w.ResponseWriter.Write(changed)
}

// TestSignaturesGo: signatures are removed with what they are of, and those of what has never come when they are a day old.
func TestSignaturesGo(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	key := newKey(t)
	first, second := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon)
	assert.NilError(t, a.pushSigned(srv.repository(t), first, key))
	assert.NilError(t, a.pushSigned(srv.repository(t), second, key))
	signatures := func() (n int) {
		tags, err := srv.repository(t).tags(t.Context())
		assert.NilError(t, err)
		for _, tag := range tags {
			if saidTag.MatchString(tag) {
				n++
			}
		}
		return n
	}
	assert.Equal(t, signatures(), 12)
	list, err := srv.repository(t).List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(list), 2)
	_, err = srv.repository(t).Remove(t.Context(), list[:1])
	assert.NilError(t, err)
	assert.Equal(t, signatures(), 6)

	r := srv.repository(t)
	d, err := r.puller.Head(t.Context(), r.repo.Tag(list[1].Key))
	assert.NilError(t, err)
	assert.NilError(t, r.delete(t.Context(), d.Digest.String(), list[1].Key, inputsTag(list[1].Inputs)))
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{23 * time.Hour, 6}, {25 * time.Hour, 0}} {
		_, err = srv.repository(t).RemoveAbandoned(t.Context(), time.Now().Add(c.age))
		assert.NilError(t, err)
		assert.Equal(t, signatures(), c.want)
	}
}
