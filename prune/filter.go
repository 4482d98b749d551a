package prune

import (
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Filter limits what is removed further, as docker's prune filters do.
type Filter struct {
	// Labels, each KEY or KEY=VALUE, must all be on a snapshot's images.
	Labels []string
	// NotLabels keep a snapshot if one of them is on its images.
	NotLabels []string
	// Until keeps snapshots made at that time or later; if zero, it keeps none.
	Until time.Time
}

// match reports whether a snapshot may be removed.
func (f Filter) match(s snapshot.Snapshot) bool {
	return snapshot.Filter{Labels: f.Labels, Checkpoints: true}.Match(s) && !slices.ContainsFunc(f.NotLabels, s.HasLabel) &&
		(f.Until.IsZero() || s.Created.Before(f.Until))
}
