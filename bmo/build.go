package bmo

import (
	"context"
	"errors"

	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// BuildOptions say how a stack's snapshot is made. The zero value is what `docker bmo build` does without flags.
type BuildOptions struct {
	// Source is the application's source tree, a folder or GIT-URL#REF; empty for what the stack says.
	Source string
	// BuildContexts are additional build contexts, folders or URLs by name.
	BuildContexts map[string]string
	// BuildArgs are build-time variables.
	BuildArgs map[string]string
	// NoCache builds the images without a cache and bootstraps again; Pull asks the registries for newer base images.
	NoCache, Pull bool
	// KeepFailed leaves the containers of a bootstrap that has failed until the context is done; Progress says how to look
	// into them.
	KeepFailed bool
	// FromNearest has the bootstrap go on from the newest snapshot or checkpoint of the stack that has the most of the steps
	// behind it, although what it was made of differs. What is made is not what a whole bootstrap makes: its Parent and its
	// Drift say so, and no build finds it that is not FromNearest, too.
	FromNearest bool
	// Labels are put on the snapshot's images. They are not part of its key.
	Labels map[string]string
	// Cache names external build caches; see ParseCache.
	Cache Cache
	// Access is what RUN may use and no image contains; see ParseAccess. It is no part of the key.
	Access Access
	// Platform is what the snapshot is for, OS/ARCH: empty for the engine's own, else one that its machine emulates.
	Platform string
	// Repository, [HOST[:PORT]/]PATH, is asked for a snapshot that the engine lacks before one is made. Empty for what the
	// stack says, which is usually nothing.
	Repository string
	// Push puts the snapshot into the repository, unless it is there.
	Push bool
	// Attest is what to attest of it when it is pushed.
	Attest Attest
	// Sign is the key that it is signed by when it is pushed; nil for no signature.
	Sign *SigningKey
	// Verify is the key that a snapshot of the repository must be signed by; nil for any snapshot. One that is not is not
	// taken, and the snapshot is made.
	Verify *VerifyingKey
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Cache is where build caches come from and go to.
type Cache = build.Cache

// ParseCache parses the values of --cache-from and --cache-to, as docker buildx has them.
func ParseCache(from, to []string) (Cache, error) { return build.ParseCache(from, to) }

// Access is what RUN may use of this machine: secrets, and SSH agents and keys.
type Access = build.Access

// ParseAccess parses the values of --secret and --ssh, as docker build has them.
func ParseAccess(secrets, ssh []string) (Access, error) { return build.ParseAccess(secrets, ssh) }

func hintCache(err error) error {
	return hint.Wrap(err, "turn on its containerd image store, or use --cache-to type=inline")
}

// CheckLabels returns an error when labels has one of the names that docker bmo uses itself.
func CheckLabels(labels map[string]string) error { return snapshot.CheckLabels(labels) }

// Outcome says how Build came by a snapshot.
type Outcome int

// Outcomes of Build.
const (
	// Found: a snapshot of the same inputs was there.
	Found Outcome = iota
	// Labeled: one was there and has got new labels.
	Labeled
	// Made: the images were built and bootstrapped.
	Made
	// Pulled: it comes from the repository.
	Pulled
	// Grafted: the images were built, and have the data of a snapshot for another platform.
	Grafted
)

// BuildResult is what Build returns.
type BuildResult struct {
	Snapshot *Snapshot
	Outcome  Outcome
	// Origin is the checkpoint that the bootstrap of a snapshot that was made has gone on from, or the nearest snapshot that
	// was asked for; nil if it began from nothing.
	Origin *Snapshot
	// Data is the snapshot whose data a grafted one has, and DataPlatform what that is for.
	Data         *Snapshot
	DataPlatform string
	// Moved says what of a pulled snapshot, or of the data of a grafted one, came from the repository.
	Moved Moved
	// Push is what became of BuildOptions.Push; nil without that.
	Push *PushResult
}

// Build returns the snapshot of a stack's inputs: one that is there, else one that is made now, here or by another
// process that is making it already. With a repository, one that it has is pulled instead. Unchanged inputs cost a look at the files and one question to the engine.
//
// A failed step of the bootstrap is a *StepError, a service that ends or does not become ready a *ServiceError; where a
// record has all that happened, the error is an *OutputError.
func (c *Client) Build(ctx context.Context, st *stack.Stack, o BuildOptions) (*BuildResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.newPipeline(ctx, st, info, o)
	if err != nil {
		return nil, err
	}
	defer p.close(ctx)
	if o.Push && p.repositoryName() == "" {
		return nil, hint.Wrap(errors.New("no repository is named to push to"), "name one with --repository, DOCKER_BMO_REPOSITORY or x-bmo.repository")
	}
	s, err := p.ensure(ctx)
	if err != nil {
		return nil, err
	}
	result := &BuildResult{Snapshot: s, Outcome: p.outcome, Moved: p.moved, Data: p.data, DataPlatform: p.dataPlatform}
	if p.from != nil {
		result.Origin = p.from.Snapshot
	}
	if o.Push {
		result.Push, err = c.push(ctx, s, PushOptions{Repository: p.repositoryName(), Sign: o.Sign, Attest: o.Attest, Progress: o.Progress})
	}
	return result, err
}

// Inputs returns the digest of everything that goes into a stack's snapshot, but for the identity of its base images.
// Snapshots carry it as a label, so that unchanged inputs are found without asking BuildKit or a registry.
func (c *Client) Inputs(ctx context.Context, st *stack.Stack, o BuildOptions) (string, error) {
	info, err := c.Connect(ctx)
	if err != nil {
		return "", err
	}
	platform, err := info.ParsePlatform(o.Platform)
	if err != nil {
		return "", err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, other: platform, stack: st, options: o}
	if err := p.loadContexts(ctx); err != nil {
		return "", err
	}
	return p.inputs.Digest(), nil
}
