package bmo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

type (
	// Moved says how many bytes of layers went between an engine and a registry.
	Moved = registry.Moved
	// Attestation is what is attested of an image in a repository.
	Attestation = registry.Attestation
	// NotInRepositoryError says that a repository has no such snapshot.
	NotInRepositoryError = registry.NotFoundError
	// OtherPlatformError says that a snapshot is for another platform than the engine.
	OtherPlatformError = registry.PlatformError
	// InvalidSnapshotError says that what a repository has is not the snapshot that it is said to be.
	InvalidSnapshotError = registry.InvalidError
)

// SplitRepository splits REPOSITORY[:KEY].
func SplitRepository(arg string) (repository, key string) { return registry.Split(arg) }

// repository opens a repository with what docker's configuration keeps for its registry.
func (c *Client) repository(repository string) (*registry.Repository, error) {
	return registry.Open(repository, func(host string) (cred engine.Credentials, err error) {
		if c.registries == nil {
			return cred, nil
		}
		if host == name.DefaultRegistry {
			host = authn.DefaultAuthKey
		}
		a, err := c.registries.GetAuthConfig(host)
		return engine.Credentials{
			Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
		}, err
	})
}

// repositoryName is where the stack's snapshots are kept, besides the engine; "" for nowhere.
func (p *pipeline) repositoryName() string {
	return cmp.Or(p.options.Repository, p.stack.Repository)
}

// repository opens it.
func (p *pipeline) repository() (*registry.Repository, error) {
	r, err := p.client.repository(p.repositoryName())
	if err == nil {
		r.Require(p.options.Verify)
	}
	return r, err
}

// RepositorySnapshots returns the snapshots in a repository that pass the filter, newest first. The engine is not asked.
func (c *Client) RepositorySnapshots(ctx context.Context, repository string, f SnapshotFilter) ([]Snapshot, error) {
	r, err := c.repository(repository)
	if err != nil {
		return nil, err
	}
	list, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(s Snapshot) bool { return !f.Match(s) }), nil
}

// RepositorySnapshot is a snapshot in a repository.
type RepositorySnapshot struct {
	Snapshot
	// Attestations are what is attested of its images.
	Attestations []Attestation
	// Signatures is how many signatures it has, by any keys: Pull with Verify is what checks them.
	Signatures int
}

// RepositoryDetail is everything that is known about it.
type RepositoryDetail struct {
	snapshot.Detail
	Attestations []Attestation
	Signatures   int
}

// Detail returns what is known about the snapshot.
func (s RepositorySnapshot) Detail() RepositoryDetail {
	return RepositoryDetail{s.Snapshot.Detail(), s.Attestations, s.Signatures}
}

// RepositorySnapshot returns the snapshot in a repository whose key begins with prefix, after all that is said of it has
// been checked. Its images have the digests of their manifests as identifiers. The engine is not asked.
func (c *Client) RepositorySnapshot(ctx context.Context, repository, prefix string) (*RepositorySnapshot, error) {
	r, err := c.repository(repository)
	if err != nil {
		return nil, err
	}
	f, err := findIn(ctx, r, prefix, "")
	if err != nil {
		return nil, err
	}
	n, err := r.Signatures(ctx, f)
	if err != nil {
		return nil, err
	}
	return &RepositorySnapshot{f.Snapshot, f.Attestations, n}, nil
}

// findIn returns the snapshot in a repository whose key begins with prefix.
func findIn(ctx context.Context, r *registry.Repository, prefix, platform string) (*registry.Found, error) {
	key, err := r.Resolve(ctx, prefix)
	if err != nil {
		return nil, err
	}
	f, err := r.FindKey(ctx, key, platform)
	if f == nil && err == nil {
		err = &registry.NotFoundError{Repository: r.String(), What: snapshot.Short(key)}
	}
	return f, err
}

// PlanPruneRepository returns the snapshots in a repository that the policy gives up, newest first, and removes nothing.
// Who else uses them is not known.
func (c *Client) PlanPruneRepository(ctx context.Context, repository string, p Policy, now time.Time) ([]Snapshot, error) {
	list, err := c.RepositorySnapshots(ctx, repository, SnapshotFilter{})
	if err != nil {
		return nil, err
	}
	return prune.Plan(list, prune.Used{}, p, now), nil
}

// PruneRepository removes snapshots from a repository, as PlanPruneRepository returns them, and the images of pushes that
// were given up a day ago or more. It returns the keys of the snapshots that are gone, and how many such images, also with
// an error.
func (c *Client) PruneRepository(ctx context.Context, repository string, plan []Snapshot, now time.Time) (keys []string, abandoned int, err error) {
	r, err := c.repository(repository)
	if err != nil {
		return nil, 0, err
	}
	keys, err = r.Remove(ctx, plan)
	if err != nil {
		return keys, 0, err
	}
	abandoned, err = r.RemoveAbandoned(ctx, now)
	return keys, abandoned, err
}
