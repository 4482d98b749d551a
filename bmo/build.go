package bmo

import (
	"context"

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
	// Labels are put on the snapshot's images. They are not part of its key.
	Labels map[string]string
	// Cache names external build caches; see ParseCache.
	Cache Cache
	// Access is what RUN may use and no image contains; see ParseAccess. It is no part of the key.
	Access Access
	// Platforms, if any, must be the engine's own: the bootstrap runs there.
	Platforms []string
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
)

// BuildResult is what Build returns.
type BuildResult struct {
	Snapshot *Snapshot
	Outcome  Outcome
}

// Build returns the snapshot of a stack's inputs: one that is there, else one that is made now, here or by another
// process that is making it already. Unchanged inputs cost a look at the files and one question to the engine.
//
// A failed step of the bootstrap is a *StepError, a service that ends or does not become ready a *ServiceError; where a
// log file has all that was printed, the error is an *OutputError.
func (c *Client) Build(ctx context.Context, st *stack.Stack, o BuildOptions) (*BuildResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.newPipeline(st, info, o)
	if err != nil {
		return nil, err
	}
	defer p.close()
	s, err := p.ensure(ctx)
	if err != nil {
		return nil, p.explain(err)
	}
	return &BuildResult{Snapshot: s, Outcome: p.outcome}, nil
}

// Inputs returns the digest of everything that goes into a stack's snapshot, but for the identity of its base images.
// Snapshots carry it as a label, so that unchanged inputs are found without asking BuildKit or a registry.
func (c *Client) Inputs(ctx context.Context, st *stack.Stack, o BuildOptions) (string, error) {
	info, err := c.Connect(ctx)
	if err != nil {
		return "", err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, stack: st, options: o}
	if err := p.loadContexts(ctx); err != nil {
		return "", err
	}
	return p.inputs.Digest(), nil
}
