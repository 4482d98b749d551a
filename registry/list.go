package registry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	remotetransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// readers is how many indexes are read at a time.
const readers = 8

// tags returns the repository's tags; one that does not exist has none.
func (r *Repository) tags(ctx context.Context) ([]string, error) {
	tags, err := r.puller.List(ctx, r.repo)
	if missing(err) {
		return nil, nil
	}
	return tags, r.explain(ctx, err)
}

// List returns the repository's snapshots, newest first, with what their indexes say of them. What is not one of docker
// bmo's is left out.
func (r *Repository) List(ctx context.Context) ([]snapshot.Snapshot, error) {
	tags, err := r.tags(ctx)
	if err != nil {
		return nil, err
	}
	return r.list(ctx, tags)
}

func (r *Repository) list(ctx context.Context, tags []string) (list []snapshot.Snapshot, err error) {
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, tag := range tags {
		if !keyTag.MatchString(tag) {
			continue
		}
		g.Go(func() error {
			d, err := r.puller.Get(gctx, r.repo.Tag(tag))
			if missing(err) {
				return nil
			}
			if err != nil {
				return r.explain(ctx, err)
			}
			if s, _, err := readIndex(d.Manifest); err == nil && s.Key == tag {
				mu.Lock()
				defer mu.Unlock()
				list = append(list, s)
			}
			return nil
		})
	}
	err = g.Wait()
	slices.SortFunc(list, func(a, b snapshot.Snapshot) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Key, b.Key))
	})
	return list, err
}

// Remove removes snapshots, of each the index first, so that a half-removed one cannot be found. It goes on after one that
// cannot be removed, and returns the keys of those that are gone and the errors together.
func (r *Repository) Remove(ctx context.Context, list []snapshot.Snapshot) (removed []string, err error) {
	var errs []error
	var tags []string
	if len(list) > 0 {
		if tags, err = r.tags(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range list {
		if err := r.remove(ctx, s, tags); err != nil {
			errs = append(errs, err)
			if refused(err) || ctx.Err() != nil {
				break // of all
			}
			continue
		}
		removed = append(removed, s.Key)
	}
	return removed, errors.Join(errs...)
}

// remove removes a snapshot; tags are those that the repository has.
func (r *Repository) remove(ctx context.Context, s snapshot.Snapshot, tags []string) error {
	d, err := r.puller.Head(ctx, r.repo.Tag(s.Key))
	if err != nil && !missing(err) {
		return r.explain(ctx, err)
	}
	if err == nil {
		if err := r.delete(ctx, d.Digest.String(), s.Key, inputsTag(s.Inputs)); err != nil {
			return err
		}
		if err := r.deleteSaid(ctx, d.Digest.String(), tags); err != nil {
			return err
		}
	}
	for _, name := range s.Parts() {
		if err := r.delete(ctx, s.Images[name].ID, nameOfPart(s, name)); err != nil {
			return err
		}
		if err := r.deleteSaid(ctx, s.Images[name].ID, tags, nameOfAttestation(nameOfPart(s, name))); err != nil {
			return err
		}
	}
	return nil
}

// deleteSaid removes the signatures of a digest and the signed statements about it, and what more has those tags; tags are
// those that the repository has.
func (r *Repository) deleteSaid(ctx context.Context, digest string, tags []string, more ...string) error {
	about, err := v1.NewHash(digest)
	if err != nil {
		return err
	}
	for _, tag := range append(more, attachedTag(about, signatureTag), attachedTag(about, attestationTag)) {
		if !slices.Contains(tags, tag) {
			continue
		}
		d, err := r.puller.Head(ctx, r.repo.Tag(tag))
		if missing(err) {
			continue
		}
		if err != nil {
			return r.explain(ctx, err)
		}
		if err := r.delete(ctx, d.Digest.String(), tag); err != nil {
			return err
		}
	}
	return nil
}

// delete removes a manifest, and those of its tags that a registry keeps without it.
func (r *Repository) delete(ctx context.Context, digest string, tags ...string) error {
	err := r.deleteRef(ctx, r.repo.Digest(digest))
	for _, tag := range tags {
		if err != nil {
			return err
		}
		if d, err := r.puller.Head(ctx, r.repo.Tag(tag)); err == nil && d.Digest.String() == digest {
			if err := r.deleteRef(ctx, r.repo.Tag(tag)); err != nil {
				return err
			}
		}
	}
	return err
}

func (r *Repository) deleteRef(ctx context.Context, ref name.Reference) error {
	err := r.pusher.Delete(ctx, ref)
	if missing(err) {
		return nil
	}
	err = r.explain(ctx, err)
	if refused(err) {
		return hint.Wrap(err, "the registry does not allow deletion; docker's own does with REGISTRY_STORAGE_DELETE_ENABLED=true")
	}
	return err
}

// refused reports whether a registry does not delete at all.
func refused(err error) bool {
	var te *remotetransport.Error
	return errors.As(err, &te) && te.StatusCode == http.StatusMethodNotAllowed
}

// abandonedAfter is how old an image is whose index has never come, when it counts as left behind by a push that was
// killed.
const abandonedAfter = 24 * time.Hour

// RemoveAbandoned removes the images of pushes that have never come to their end, and returns how many. What is said of
// something that is not there goes with them.
func (r *Repository) RemoveAbandoned(ctx context.Context, now time.Time) (n int, err error) {
	tags, err := r.tags(ctx)
	if err != nil {
		return 0, err
	}
	list, err := r.list(ctx, tags)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, s := range list {
		for _, name := range s.Parts() {
			known[nameOfPart(s, name)], known[nameOfAttestation(nameOfPart(s, name))] = true, true
		}
	}
	for _, tag := range tags {
		if !partTag.MatchString(tag) || known[tag] {
			continue
		}
		p, err := r.part(ctx, r.repo.Tag(tag))
		if err != nil {
			if missing(err) {
				continue
			}
			return n, r.explain(ctx, err)
		}
		if now.Sub(p.config.Created.Time) < abandonedAfter {
			continue
		}
		if err := r.delete(ctx, p.descriptor.Digest.String(), tag); err != nil {
			return n, err
		}
		if !strings.HasPrefix(tag, nameOfAttestation("")) {
			n++
		}
	}
	return n, r.removeOrphans(ctx, tags, now)
}

// removeOrphans removes the signatures and statements that docker bmo has put for something that has never come, or is gone.
func (r *Repository) removeOrphans(ctx context.Context, tags []string, now time.Time) error {
	for _, tag := range tags {
		m := saidTag.FindStringSubmatch(tag)
		if m == nil {
			continue
		}
		if _, err := r.puller.Head(ctx, r.repo.Digest("sha256:"+m[1])); !missing(err) {
			if err != nil {
				return r.explain(ctx, err)
			}
			continue
		}
		p, err := r.part(ctx, r.repo.Tag(tag))
		if missing(err) {
			continue
		}
		if err != nil {
			return r.explain(ctx, err)
		}
		if p.config.Author != author || now.Sub(p.config.Created.Time) < abandonedAfter {
			continue
		}
		if err := r.delete(ctx, p.descriptor.Digest.String(), tag); err != nil {
			return err
		}
	}
	return nil
}
