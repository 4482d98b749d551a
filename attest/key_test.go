package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"gotest.tools/v3/assert"
)

// pair returns a private key as PEM, encrypted by a password as cosign does it unless that is "", and the public one.
func pair(t *testing.T, key crypto.Signer, password string) (private, public []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	assert.NilError(t, err)
	kind := "PRIVATE KEY"
	if password != "" {
		kind = pemSigstore
		der, err = encrypted.Encrypt(der, []byte(password))
		assert.NilError(t, err)
	}
	pub, err := x509.MarshalPKIXPublicKey(key.Public())
	assert.NilError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub})
}

// keys returns a key of each kind.
func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	assert.NilError(t, err)
	r, err := rsa.GenerateKey(rand.Reader, minRSA)
	assert.NilError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	assert.NilError(t, err)
	return map[string]crypto.Signer{"ECDSA": ec, "RSA": r, "Ed25519": ed}
}

// TestKeys: what one key of a pair signs, the other one knows, and no other does.
func TestKeys(t *testing.T) {
	var before *Verifier
	for name, key := range keys(t) {
		for _, password := range []string{"", "secret"} {
			private, public := pair(t, key, password)
			s, err := ParsePrivateKey(private, func() ([]byte, error) { return []byte(password), nil })
			assert.NilError(t, err, name)
			v, err := ParsePublicKey(public)
			assert.NilError(t, err, name)
			signature, err := s.Sign([]byte("this"))
			assert.NilError(t, err, name)
			assert.Assert(t, v.Verify([]byte("this"), signature), name)
			assert.Assert(t, !v.Verify([]byte("that"), signature), name)
			assert.Assert(t, before == nil || password != "" || !before.Verify([]byte("this"), signature), name)
			before = v
		}
	}
}

// TestKeysOfCosign: the files are those that cosign 2.6.1 has made, and what it has signed by the private one.
func TestKeysOfCosign(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name)
		assert.NilError(t, err)
		return b
	}
	s, err := ParsePrivateKey(read("cosign.key"), func() ([]byte, error) { return []byte("of-the-tests"), nil })
	assert.NilError(t, err)
	v, err := ParsePublicKey(read("cosign.pub"))
	assert.NilError(t, err)
	signature, err := s.Sign([]byte("this"))
	assert.NilError(t, err)
	assert.Assert(t, v.Verify([]byte("this"), signature))
	const digest = "sha256:6f2a4dbd9d0c5f5ad6ac6c1e6ff37fb5c3ac3b39d7a2c19b3dd1f0f0c4d5e6f7"
	assert.NilError(t, v.CheckSignature(read("payload.json"), strings.TrimSpace(string(read("payload.sig"))), digest))
}

// TestKeysThatAreRefused: what is no key, or no safe one, is said to be.
func TestKeysThatAreRefused(t *testing.T) {
	all := keys(t)
	private, public := pair(t, all["ECDSA"], "secret")
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	assert.NilError(t, err)
	other, otherPublic := pair(t, p384, "")
	password := func() ([]byte, error) { return []byte("wrong"), nil }
	for text, why := range map[string]string{
		string(private): "the password is wrong", string(public): "it is a public key", "x": "it has no PEM block",
		string(other): "on the curve P-384",
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY"})): `but "EC PRIVATE KEY"`,
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"})):    "it is no private key",
	} {
		_, err := ParsePrivateKey([]byte(text), password)
		assert.ErrorContains(t, err, why)
	}
	none := errors.New("no terminal")
	_, err = ParsePrivateKey(private, func() ([]byte, error) { return nil, none })
	assert.ErrorIs(t, err, none)
	for text, why := range map[string]string{
		string(private): "it is a private key", "x": "it has no PEM block", string(otherPublic): "on the curve P-384",
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"})): `but "CERTIFICATE"`,
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY"})):  "it is no public key",
	} {
		_, err := ParsePublicKey([]byte(text))
		assert.ErrorContains(t, err, why)
	}
}

// TestSignatures: a signature counts for the digest that it was made of, and a statement in its envelope for its subjects.
func TestSignatures(t *testing.T) {
	all := keys(t)
	private, _ := pair(t, all["ECDSA"], "")
	s, err := ParsePrivateKey(private, nil)
	assert.NilError(t, err)
	foreign, _ := pair(t, all["Ed25519"], "")
	other, err := ParsePrivateKey(foreign, nil)
	assert.NilError(t, err)

	text, err := Payload("registry.example/team/demo", "sha256:aa", nil)
	assert.NilError(t, err)
	raw, err := s.Sign(text)
	assert.NilError(t, err)
	signature := base64.StdEncoding.EncodeToString(raw)
	assert.NilError(t, s.Verifier().CheckSignature(text, signature, "sha256:aa"))
	assert.ErrorContains(t, s.Verifier().CheckSignature(text, signature, "sha256:bb"), "something else")
	assert.ErrorContains(t, s.Verifier().CheckSignature(append(text, ' '), signature, "sha256:aa"), "not signed by this key")
	assert.ErrorContains(t, other.Verifier().CheckSignature(text, signature, "sha256:aa"), "not signed by this key")
	assert.ErrorContains(t, s.Verifier().CheckSignature(text, "!", "sha256:aa"), "not signed by this key")

	statement, err := NewStatement("https://example.com/x", map[string]string{"a": "b"}, NewSubject("demo", "sha256:aa"))
	assert.NilError(t, err)
	envelope, err := s.Envelope(statement)
	assert.NilError(t, err)
	opened, err := s.Verifier().Open(envelope)
	assert.NilError(t, err)
	assert.DeepEqual(t, opened, statement)
	assert.NilError(t, About(opened, "sha256:aa"))
	assert.ErrorContains(t, About(opened, "sha256:bb"), "something else than sha256:bb")
	assert.ErrorContains(t, About(opened, "sha256:"), "something else")
	assert.ErrorContains(t, About([]byte("x"), "sha256:aa"), "no in-toto statement")
	_, err = other.Verifier().Open(envelope)
	assert.ErrorContains(t, err, "not signed by this key")
	_, err = s.Verifier().Open([]byte(strings.Replace(string(envelope), StatementType, "text/plain", 1)))
	assert.ErrorContains(t, err, "not signed by this key")
	_, err = s.Verifier().Open([]byte("x"))
	assert.ErrorContains(t, err, "no signed statement")
}
