// Package prune decides which snapshots are no longer wanted and removes them, and sweeps away objects whose owner is
// gone. It touches nothing without docker bmo's labels.
//
// This package is not API: it can change at any time. Programs use bmo.
package prune

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Policy selects the snapshots to remove. Those from which something was started, and those with a name, are always kept.
type Policy struct {
	// KeepLast is how many of each stack's newest snapshots to keep, of those that were built, of those committed, and of
	// checkpoints after as many steps.
	KeepLast int
	// OlderThan keeps snapshots that are younger.
	OlderThan time.Duration
	// Stack limits the removal to one stack's snapshots; empty means all stacks.
	Stack string
	Filter
}

// Plan returns the snapshots to remove according to the policy, newest first.
func Plan(list []snapshot.Snapshot, used Used, p Policy, now time.Time) []snapshot.Snapshot {
	complete := slices.DeleteFunc(slices.Clone(list), func(s snapshot.Snapshot) bool { return !s.Complete() })
	_, rest := snapshot.Keep(complete, p.KeepLast)
	return slices.DeleteFunc(rest, func(s snapshot.Snapshot) bool {
		return used.Has(s) || p.Stack != "" && s.Stack != p.Stack || now.Sub(s.Created) < p.OlderThan || !p.match(s)
	})
}

// Used records which snapshots are in use.
type Used struct{ keys, images map[string]bool }

// Has reports whether the snapshot is in use.
func (u Used) Has(s snapshot.Snapshot) bool {
	for _, img := range s.Images {
		if u.images[img.ID] {
			return true
		}
	}
	return u.keys[s.Key]
}

// InUse returns the snapshots that are in use: by key those from which instances were started or are about to be and the
// checkpoints that bootstraps go on from, and
// by image those from which any container was created, no matter by whom.
func InUse(ctx context.Context, e *engine.Engine) (Used, error) {
	u := Used{keys: map[string]bool{}, images: map[string]bool{}}
	networks, err := e.Networks(ctx, label.Role)
	if err != nil {
		return u, err
	}
	for _, n := range networks {
		switch n.Labels[label.Role] {
		case label.RoleInstance:
			u.keys[n.Labels[label.Key]] = true
		case label.RoleBootstrap:
			u.keys[n.Labels[label.From]] = true
		}
	}
	containers, err := e.Containers(ctx)
	if err != nil {
		return u, err
	}
	for _, c := range containers {
		u.images[c.ImageID] = true
		if c.Labels[label.Role] == label.RoleInstance {
			u.keys[c.Labels[label.Key]] = true
		}
	}
	return u, nil
}

// Report lists what was removed, in docker's terms.
type Report struct {
	Containers, Networks, Volumes []string
	// Untagged and Deleted are image references and identifiers.
	Untagged, Deleted []string
}

// Merge adds the contents of another report.
func (r *Report) Merge(o Report) {
	r.Containers = append(r.Containers, o.Containers...)
	r.Networks = append(r.Networks, o.Networks...)
	r.Volumes = append(r.Volumes, o.Volumes...)
	r.Untagged = append(r.Untagged, o.Untagged...)
	r.Deleted = append(r.Deleted, o.Deleted...)
}

// Remove removes snapshots. It continues after those that it cannot remove and returns their errors joined.
func Remove(ctx context.Context, e *engine.Engine, list []snapshot.Snapshot) (Report, error) {
	var r Report
	var errs []error
	for _, s := range list {
		errs = append(errs, r.removeSnapshot(ctx, e, s))
	}
	return r, errors.Join(errs...)
}

// removeSnapshot removes a snapshot's images. Removing the first one makes it incomplete, and so garbage, at once.
func (r *Report) removeSnapshot(ctx context.Context, e *engine.Engine, s snapshot.Snapshot) error {
	var errs []error
	for _, service := range s.Parts() {
		if img, ok := s.Images[service]; ok {
			errs = append(errs, r.removeImage(ctx, e, img))
		}
	}
	return errors.Join(errs...)
}

// removeImage removes an image's own names, which deletes it; if others gave it names, it is kept under those.
func (r *Report) removeImage(ctx context.Context, e *engine.Engine, img engine.Image) error {
	refs := slices.DeleteFunc(slices.Clone(img.Tags), func(t string) bool { return !snapshot.OwnTag(t) })
	if len(img.Tags) == 0 {
		refs = []string{img.ID}
	}
	var errs []error
	for _, ref := range refs {
		untagged, deleted, err := e.RemoveImage(ctx, ref)
		if err != nil && !engine.IsNotFound(err) {
			errs = append(errs, err)
		}
		r.Untagged = append(r.Untagged, untagged...)
		r.Deleted = append(r.Deleted, deleted...)
	}
	return errors.Join(errs...)
}
