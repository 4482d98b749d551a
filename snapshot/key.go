package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// SchemaVersion is part of every key. It changes when a snapshot of the same inputs would be made differently.
const SchemaVersion = 1

// KeyLength is the number of characters that keys are shown and tagged with.
const KeyLength = 12

// Inputs is everything that decides what a snapshot holds and that is known without asking anybody.
type Inputs struct {
	// Platform is the engine's, for example "linux/amd64".
	Platform string `json:"platform"`
	// Stack is the normalised stack: services, bootstrap steps and everything they are given.
	Stack json.RawMessage `json:"stack"`
	// Contexts maps a context's name to its digest.
	Contexts map[string]string `json:"contexts"`
	// Remote maps the name of a context that BuildKit fetches itself to its address.
	Remote map[string]string `json:"remote,omitempty"`
	// BuildArgs are the build arguments given on the command line.
	BuildArgs map[string]string `json:"build_args,omitempty"`
}

// Digest is the digest of the inputs in hexadecimal.
func (in Inputs) Digest() string { return hash(in) }

// Key is a snapshot's key: the digest of the inputs and of the base images' identities, as they were when resolved.
func (in Inputs) Key(bases map[string]string) string {
	return hash(struct {
		Inputs string            `json:"inputs"`
		Bases  map[string]string `json:"bases"`
	}{in.Digest(), bases})
}

// hash is SHA-256 of the value's JSON, whose map keys encoding/json sorts, with the schema version.
func hash(v any) string {
	b, err := json.Marshal(struct {
		Schema int `json:"schema"`
		Value  any `json:"value"`
	}{SchemaVersion, v})
	if err != nil {
		panic(err) // strings, maps of strings and JSON that was parsed before always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Short is a key as it is shown and tagged.
func Short(key string) string {
	if len(key) > KeyLength {
		return key[:KeyLength]
	}
	return key
}

// repository begins the names of all images of ours.
const repository = "docker-bmo/"

// OwnTag reports whether an image's name is one that Tag gave.
func OwnTag(ref string) bool { return strings.HasPrefix(ref, repository) }

// Tag is the name of a snapshot's image: docker-bmo/STACK-SERVICE:KEY12. It is there because docker's own
// `image prune` takes untagged images; nothing is ever looked up by it.
func Tag(stack, service, key string) string {
	return repository + stack + "-" + service + ":" + Short(key)
}
