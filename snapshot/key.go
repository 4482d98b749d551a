package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"

	digest "github.com/opencontainers/go-digest"
)

// SchemaVersion is part of every key. It changes when a snapshot of the same inputs would be made in a different way.
const SchemaVersion = 2

// KeyLength is the number of characters of a key that are shown and used in tags.
const KeyLength = 12

// SealComment is the command that the history of a snapshot's image shows for its last layer.
const SealComment = "docker bmo bootstrap"

// Inputs is everything that determines the content of a snapshot and is known without asking an engine or a registry.
type Inputs struct {
	// Platform is the engine's, for example "linux/amd64".
	Platform string `json:"platform"`
	// Stack is the normalized stack: services, bootstrap steps and all their settings.
	Stack json.RawMessage `json:"stack"`
	// Contexts maps a context's name to its digest.
	Contexts map[string]string `json:"contexts"`
	// Remote maps the name of a context that BuildKit fetches itself to its address.
	Remote map[string]string `json:"remote,omitempty"`
	// BuildArgs are the build arguments given on the command line.
	BuildArgs map[string]string `json:"build_args,omitempty"`
}

// Digest returns the digest of the inputs in hexadecimal.
func (in Inputs) Digest() string { return hash(in) }

// Key returns a snapshot's key: the digest of the inputs and of the base images' identities at the time they were
// resolved.
func (in Inputs) Key(bases map[string]string) string {
	return hash(struct {
		Inputs string            `json:"inputs"`
		Bases  map[string]string `json:"bases"`
	}{in.Digest(), bases})
}

// CheckpointInputs is everything that determines the content of a checkpoint.
type CheckpointInputs struct {
	// Platform is the engine's.
	Platform string `json:"platform"`
	// Stack is the part of the normalized stack that comes up to the checkpoint: the services that the steps so far have to do
	// with, and those steps.
	Stack json.RawMessage `json:"stack"`
}

// Digest returns the digest of the inputs in hexadecimal.
func (in CheckpointInputs) Digest() string {
	return hash(struct {
		Checkpoint CheckpointInputs `json:"checkpoint"`
	}{in})
}

// Key returns a checkpoint's key: the digest of the inputs and of the identities of the services' images. What the images
// are made of does not count, so that a change that reaches none of them leaves the checkpoint as it is.
func (in CheckpointInputs) Key(images map[string]string) string {
	return hash(struct {
		Inputs string            `json:"inputs"`
		Images map[string]string `json:"images"`
	}{in.Digest(), images})
}

// NearestKey returns the key of what is made for the snapshot with a key from another one, whose inputs differ, and
// NearestInputs the digest by which it is found again.
func NearestKey(key, from string) string {
	return hash(struct {
		Key  string `json:"key"`
		From string `json:"from"`
	}{key, from})
}

// NearestInputs returns the digest of inputs as the snapshots have it that were made from others.
func NearestInputs(inputs string) string {
	return hash(struct {
		Nearest string `json:"nearest"`
	}{inputs})
}

// hash returns the SHA-256 of the value's JSON, whose map keys encoding/json sorts, and of the schema version.
func hash(v any) string {
	b, err := json.Marshal(struct {
		Schema int `json:"schema"`
		Value  any `json:"value"`
	}{SchemaVersion, v})
	if err != nil {
		panic(err) // strings, maps of strings and JSON that has been parsed before always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Short returns a key as it is shown and used in tags.
func Short(key string) string {
	if len(key) > KeyLength {
		return key[:KeyLength]
	}
	return key
}

// repository is the prefix of the names of all images that docker bmo makes.
const repository = "docker-bmo/"

// OwnTag reports whether an image's name is one that Tag returns.
func OwnTag(ref string) bool { return strings.HasPrefix(ref, repository) }

// Tag returns the name of a snapshot's image: docker-bmo/STACK-SERVICE:KEY12. Images have it because docker's own
// `image prune` removes untagged images; nothing is ever looked up by it.
func Tag(stack, service, key string) string {
	return repository + repositoryName(stack+"-"+service) + ":" + Short(key)
}

// PartName returns a name for one of a snapshot's parts that can be in an image's name or tag.
func PartName(part string) string { return repositoryName(part) }

// nameOfRepository is what a part of an image's name can be (distribution/reference's path-component).
var nameOfRepository = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$`)

// repositoryName returns a name as it is where an image can be called by it, as most can, and else in lower case, without
// what an image's name cannot have, and with a hash, since two may look alike then.
func repositoryName(name string) string {
	plain := strings.ReplaceAll(name, ":", ".") // of the carrier of a volume
	if nameOfRepository.MatchString(plain) {
		return plain
	}
	plain = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(plain), "-"), "-")
	return strings.TrimPrefix(plain+"-", "-") + digest.FromString(name).Encoded()[:8]
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)
