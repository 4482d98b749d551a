package attest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// signatureType is what cosign's payloads say that they are.
const signatureType = "cosign container image signature"

// payload is what a signature of an image is a signature of ("simple signing").
type payload struct {
	Critical critical       `json:"critical"`
	Optional map[string]any `json:"optional"`
}

type critical struct {
	Identity struct {
		Reference string `json:"docker-reference"`
	} `json:"identity"`
	Image struct {
		Digest string `json:"docker-manifest-digest"`
	} `json:"image"`
	Type string `json:"type"`
}

// Payload returns what is to be signed to vouch for what has that digest in a repository.
func Payload(repository, digest string, optional map[string]any) ([]byte, error) {
	p := payload{Optional: optional}
	p.Critical.Identity.Reference, p.Critical.Image.Digest, p.Critical.Type = repository, digest, signatureType
	return json.Marshal(p)
}

// CheckSignature returns an error unless the signature, in base64, is one of the payload by the key, and the payload is
// about that digest. Which repository it names does not count: what is copied keeps its signatures.
func (v *Verifier) CheckSignature(text []byte, signature, digest string) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !v.Verify(text, raw) {
		return errors.New("it is not signed by this key")
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("its signature is of something else: %w", err)
	}
	if p.Critical.Type != signatureType || p.Critical.Image.Digest != digest {
		return fmt.Errorf("its signature is of something else: %q %s", p.Critical.Type, p.Critical.Image.Digest)
	}
	return nil
}

// StatementType is the media type of a statement, and EnvelopeType that of a signed one.
const (
	StatementType = "application/vnd.in-toto+json"
	EnvelopeType  = "application/vnd.dsse.envelope.v1+json"
)

// Envelope returns a statement with its signature.
func (s *Signer) Envelope(statement []byte) ([]byte, error) {
	signature, err := s.Sign(dsse.PAE(StatementType, statement))
	if err != nil {
		return nil, err
	}
	return json.Marshal(dsse.Envelope{
		PayloadType: StatementType, Payload: base64.StdEncoding.EncodeToString(statement),
		Signatures: []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(signature)}},
	})
}

// Open returns the statement in an envelope that was signed by the key.
func (v *Verifier) Open(envelope []byte) ([]byte, error) {
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return nil, fmt.Errorf("it is no signed statement: %w", err)
	}
	statement, err := e.DecodeB64Payload()
	if err != nil {
		return nil, fmt.Errorf("it is no signed statement: %w", err)
	}
	for _, s := range e.Signatures {
		raw, err := base64.StdEncoding.DecodeString(s.Sig)
		if err == nil && e.PayloadType == StatementType && v.Verify(dsse.PAE(e.PayloadType, statement), raw) {
			return statement, nil
		}
	}
	return nil, errors.New("it is not signed by this key")
}
