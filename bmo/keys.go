package bmo

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/registry"
)

type (
	// SigningKey is a private key that snapshots are signed by.
	SigningKey = attest.Signer
	// VerifyingKey is the public key that belongs to one.
	VerifyingKey = attest.Verifier
	// SignatureError says that a snapshot in a repository is not signed by the key that was asked for.
	SignatureError = registry.SignatureError
)

// Attest is what is attested of a snapshot that is pushed. The zero value is nothing.
type Attest = attest.Options

// ParseAttest parses the values of --attest, --provenance and --sbom, as docker buildx has them. As there, provenance is
// attested unless it is refused.
func ParseAttest(attests []string, provenance, sbom string) (Attest, error) {
	return attest.ParseOptions(attests, provenance, sbom)
}

// maxKey is how large a file with a key may be.
const maxKey = 64 << 10

// ReadSigningKey reads a private key from a file, or from the environment variable NAME if ref is env://NAME, in the form of
// `cosign generate-key-pair`, or in PKCS #8. It asks for the password of one that is encrypted.
func ReadSigningKey(ref string, password func() ([]byte, error)) (*SigningKey, error) {
	text, err := readKey(ref)
	if err != nil {
		return nil, err
	}
	key, err := attest.ParsePrivateKey(text, password)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	return key, nil
}

// ReadVerifyingKey reads a public key from a file, or from the environment variable NAME if ref is env://NAME.
func ReadVerifyingKey(ref string) (*VerifyingKey, error) {
	text, err := readKey(ref)
	if err != nil {
		return nil, err
	}
	key, err := attest.ParsePublicKey(text)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	return key, nil
}

func readKey(ref string) ([]byte, error) {
	if name, ok := strings.CutPrefix(ref, "env://"); ok {
		text, ok := os.LookupEnv(name)
		if !ok {
			return nil, fmt.Errorf("key %s: the environment has no variable %s", ref, name)
		}
		return []byte(text), nil
	}
	if scheme, _, ok := strings.Cut(ref, "://"); ok {
		return nil, hint.Wrap(fmt.Errorf("key %s: keys that %s keeps cannot be used", ref, scheme), "name a file, or env://VARIABLE")
	}
	f, err := os.Open(ref)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKey+1))
	if err == nil && len(text) > maxKey {
		err = errors.New("it is too large for a key")
	}
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", ref, err)
	}
	return text, nil
}
