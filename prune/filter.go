package prune

import (
	"slices"
	"strings"
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

// match tells whether a snapshot may go.
func (f Filter) match(s snapshot.Snapshot) bool {
	labels := s.SharedLabels()
	has := func(l string) bool {
		key, want, given := strings.Cut(l, "=")
		v, ok := labels[key]
		return ok && (!given || v == want)
	}
	for _, l := range f.Labels {
		if !has(l) {
			return false
		}
	}
	return !slices.ContainsFunc(f.NotLabels, has) && (f.Until.IsZero() || s.Created.Before(f.Until))
}
