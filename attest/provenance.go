package attest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Types of predicates.
const (
	// ProvenanceType is SLSA's: how an image was made.
	ProvenanceType = "https://slsa.dev/provenance/v1"
	// SnapshotType is our own: what a snapshot is and what went into it.
	SnapshotType = home + "/snapshot/v1"
)

// home is what our names begin with.
const home = "https://github.com/docker-bmo/docker-bmo"

// Algorithms of digests that are not those of a file's bytes.
const (
	contextDigest = "docker-bmo-context" // SHA-256 of a build context's paths, modes and contents
	keyDigest     = "docker-bmo-key"     // a snapshot's key
)

// configType is the media type of what base images are known by: their configuration, since it is the same on every engine.
const configType = "application/vnd.oci.image.config.v1+json"

// resource is a thing that something was made of.
type resource struct {
	Name      string            `json:"name,omitempty"`
	URI       string            `json:"uri,omitempty"`
	MediaType string            `json:"mediaType,omitempty"`
	Digest    map[string]string `json:"digest,omitempty"`
}

// provenance is the predicate of ProvenanceType.
type provenance struct {
	Definition struct {
		BuildType    string         `json:"buildType"`
		External     map[string]any `json:"externalParameters"`
		Internal     map[string]any `json:"internalParameters"`
		Dependencies []resource     `json:"resolvedDependencies"`
	} `json:"buildDefinition"`
	Run struct {
		Builder struct {
			ID      string            `json:"id"`
			Version map[string]string `json:"version"`
		} `json:"builder"`
		Metadata struct {
			Invocation string    `json:"invocationId"`
			Finished   time.Time `json:"finishedOn"`
		} `json:"metadata"`
	} `json:"runDetails"`
}

// Provenance returns the predicate that says how an image of a snapshot was made: as its labels say it, which have digests
// of what could be a secret. builder is an address that stands for who has made it; "" for docker bmo.
func Provenance(s snapshot.Snapshot, part, builder string) any {
	l := s.Images[part].Labels
	var p provenance
	p.Definition.BuildType = home + "/bootstrap@v1"
	p.Definition.External = known(map[string]any{
		"stack": s.Stack, "part": part, "source": l[label.Source], "config": l[label.Config+part],
		"steps": l[label.Steps], "buildArgs": l[label.BuildArgs], "remote": l[label.Remote],
	})
	p.Definition.Internal = known(map[string]any{"key": s.Key, "inputs": s.Inputs, "imageBefore": l[label.Parent]})
	p.Definition.Dependencies = dependencies(s, l)
	p.Run.Builder.ID = home
	if builder != "" {
		p.Run.Builder.ID = builder
	}
	p.Run.Builder.Version = map[string]string{"docker-bmo": s.Version}
	p.Run.Metadata.Invocation = snapshot.Short(s.Key) + "/" + s.Created.UTC().Format(time.RFC3339Nano)
	p.Run.Metadata.Finished = s.Created.UTC()
	return p
}

// dependencies are what a snapshot was made of, as the labels of an image say it.
func dependencies(s snapshot.Snapshot, labels map[string]string) (list []resource) {
	for _, b := range pairs(labels[label.BaseDigests]) {
		r := resource{Name: b.Name, URI: "docker-image://" + b.Name}
		if algorithm, hex, ok := strings.Cut(b.Digest, ":"); ok {
			r.MediaType, r.Digest = configType, map[string]string{algorithm: hex}
		}
		list = append(list, r)
	}
	for _, c := range contextsOf(labels) {
		list = append(list, resource{Name: "context " + c.Name, Digest: map[string]string{contextDigest: c.Digest}})
	}
	data, _, _ := strings.Cut(labels[label.Data], " ")
	for _, from := range []named{{"parent", s.Parent}, {"checkpoint", labels[label.Checkpoint]}, {"data", data}} {
		if from.Digest != "" {
			list = append(list, resource{Name: from.Name, Digest: map[string]string{keyDigest: from.Digest}})
		}
	}
	return list
}

// known returns what of a map is not empty.
func known(m map[string]any) map[string]any {
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}

// named is something with a digest.
type named struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// pairs splits NAME=DIGEST,...
func pairs(text string) (list []named) {
	for pair := range strings.SplitSeq(text, ",") {
		if name, digest, ok := strings.Cut(pair, "="); ok {
			list = append(list, named{name, digest})
		}
	}
	return list
}

// tool is who says it.
type tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// theSnapshot is the predicate of SnapshotType.
type theSnapshot struct {
	Key      string    `json:"key"`
	Name     string    `json:"name,omitempty"`
	Stack    string    `json:"stack"`
	Platform string    `json:"platform"`
	Created  time.Time `json:"created"`
	MadeBy   tool      `json:"madeBy"`
	PushedBy tool      `json:"pushedBy"`
	Inputs   inputs    `json:"inputs"`
	Steps    []step    `json:"steps"`
	// Parent is what was committed, or what the bootstrap went on from although its inputs differ.
	Parent     string   `json:"parent,omitempty"`
	Drift      []string `json:"drift,omitempty"`
	Checkpoint string   `json:"checkpoint,omitempty"`
	// Data is the key and the platform of the snapshot whose bootstrap has made the data.
	Data  string               `json:"data,omitempty"`
	Parts map[string]imageMade `json:"parts"`
}

type inputs struct {
	Digest    string  `json:"digest,omitempty"`
	Contexts  []named `json:"contexts,omitempty"`
	Bases     []named `json:"baseImages,omitempty"`
	Source    string  `json:"source,omitempty"`
	BuildArgs string  `json:"buildArgs,omitempty"`
	Remote    string  `json:"remoteContexts,omitempty"`
	Steps     string  `json:"steps,omitempty"`
}

type step struct {
	Service string `json:"service"`
	Digest  string `json:"digest"`
}

type imageMade struct {
	// Digest is that of the image's manifest, Before the image that the bootstrap began with.
	Digest string `json:"digest"`
	Before string `json:"before,omitempty"`
	Config string `json:"config,omitempty"`
}

// Snapshot returns the predicate that says what a snapshot is: of environments, arguments and commands it has digests only.
// digests are those of its images' manifests, by what they are for.
func Snapshot(s snapshot.Snapshot, platform string, digests map[string]string) any {
	shared := s.Inherited()
	p := theSnapshot{
		Key: s.Key, Name: s.Name, Stack: s.Stack, Platform: platform, Created: s.Created.UTC(), Parent: s.Parent, Drift: s.Drift(),
		MadeBy: tool{"docker bmo", s.Version}, PushedBy: tool{"docker bmo", version.Version}, Checkpoint: s.SharedLabels()[label.Checkpoint], Data: s.Grafted(),
		Inputs: inputs{
			Digest: s.Inputs, Contexts: contextsOf(shared), Bases: pairs(shared[label.BaseDigests]), Source: shared[label.Source],
			BuildArgs: shared[label.BuildArgs], Remote: shared[label.Remote], Steps: shared[label.Steps],
		},
		Steps: []step{}, Parts: map[string]imageMade{},
	}
	for _, made := range pairs(shared[label.StepDigests]) {
		p.Steps = append(p.Steps, step{made.Name, made.Digest})
	}
	for part, digest := range digests {
		p.Parts[part] = imageMade{digest, s.Images[part].Labels[label.Parent], shared[label.Config+part]}
	}
	return p
}

// contextsOf are the build contexts that labels name, sorted.
func contextsOf(labels map[string]string) (list []named) {
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if name, ok := strings.CutPrefix(k, label.Context); ok {
			list = append(list, named{name, strings.TrimPrefix(labels[k], "sha256:")})
		}
	}
	return list
}
