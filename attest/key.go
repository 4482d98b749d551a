// Package attest makes and reads what is said of snapshots and who has said so: in-toto statements of what they were made
// of, and signatures in the form of Sigstore's cosign, by a pair of keys as it makes them. It asks nobody: no transparency
// log, no certificate authority.
//
// This package is not API: it can change at any time. Programs use bmo.
package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Types of the PEM blocks that cosign has written private keys as.
const (
	pemSigstore = "ENCRYPTED SIGSTORE PRIVATE KEY"
	pemCosign   = "ENCRYPTED COSIGN PRIVATE KEY"
)

// minRSA is the least number of bits of an RSA key, as for cosign.
const minRSA = 2048

// Signer signs by a private key.
type Signer struct{ key crypto.Signer }

// Verifier tells by a public key what was signed by the private one.
type Verifier struct{ key crypto.PublicKey }

// ParsePrivateKey reads a private key: one that `cosign generate-key-pair` has made, for which password is asked, or one in
// PKCS #8 that is not encrypted.
func ParsePrivateKey(text []byte, password func() ([]byte, error)) (*Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is no private key: it has no PEM block")
	}
	der := block.Bytes
	switch block.Type {
	case pemSigstore, pemCosign:
		word, err := password()
		if err != nil {
			return nil, err
		}
		if der, err = encrypted.Decrypt(block.Bytes, word); err != nil {
			return nil, hint.Wrap(errors.New("it cannot be decrypted: the password is wrong, or the file is damaged"),
				"the password is that which `cosign generate-key-pair` has asked for")
		}
	case "PRIVATE KEY":
	case "PUBLIC KEY":
		return nil, hint.Wrap(errors.New("it is a public key"), "sign by the private one, cosign.key, and give the public one to those who verify")
	default:
		return nil, hint.Wrap(fmt.Errorf("it is no private key of cosign's, but %q", block.Type), "`cosign import-key-pair` takes in others")
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("it is no private key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is a key that nothing can be signed by")
	}
	if err := check(signer.Public()); err != nil {
		return nil, err
	}
	return &Signer{signer}, nil
}

// ParsePublicKey reads a public key, as cosign writes it.
func ParsePublicKey(text []byte) (*Verifier, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("it is no public key: it has no PEM block")
	case block.Type == pemSigstore || block.Type == pemCosign || block.Type == "PRIVATE KEY":
		return nil, hint.Wrap(errors.New("it is a private key"), "verify by the public one, cosign.pub: who has the private one can sign")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("it is no public key, but %q", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it is no public key: %w", err)
	}
	if err := check(key); err != nil {
		return nil, err
	}
	return &Verifier{key}, nil
}

// check returns an error for a key of a kind that cosign does not take with SHA-256.
func check(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return nil
		}
		return fmt.Errorf("it is a key on the curve %s, and not on P-256", k.Curve.Params().Name)
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSA {
			return nil
		}
		return fmt.Errorf("it is an RSA key of %d bits, and less than %d are not safe", k.N.BitLen(), minRSA)
	case ed25519.PublicKey:
		return nil
	}
	return fmt.Errorf("it is a key of a kind that cosign does not sign by: %T", key)
}

// Sign returns the signature of data.
func (s *Signer) Sign(data []byte) ([]byte, error) {
	if _, ok := s.key.Public().(ed25519.PublicKey); ok {
		return s.key.Sign(rand.Reader, data, crypto.Hash(0))
	}
	sum := sha256.Sum256(data)
	return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// Verifier returns the one of the public key that belongs to it.
func (s *Signer) Verifier() *Verifier { return &Verifier{s.key.Public()} }

// Verify reports whether the signature is one of data.
func (v *Verifier) Verify(data, signature []byte) bool {
	sum := sha256.Sum256(data)
	switch k := v.key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(k, data, signature)
	}
	return false
}
