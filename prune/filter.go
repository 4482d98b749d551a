package prune

import (
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Filter narrows what is removed further, as docker's prune filters do.
type Filter struct {
	// Labels, each KEY or KEY=VALUE, all have to be on a snapshot's images.
	Labels []string
	// NotLabels keep a snapshot when one of them is on its images.
	NotLabels []string
	// Until spares snapshots made at that time or later; zero spares none.
	Until time.Time
}

// match reports whether a snapshot may go.
func (f Filter) match(s snapshot.Snapshot) bool {
	return snapshot.Filter{Labels: f.Labels}.Match(s) && !slices.ContainsFunc(f.NotLabels, s.HasLabel) &&
		(f.Until.IsZero() || s.Created.Before(f.Until))
}
