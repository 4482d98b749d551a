package snapshot

import "slices"

// Filter narrows a listing, as docker's filters do: a snapshot must have all of the labels and be of one of the stacks,
// if any are given.
type Filter struct {
	// Labels are KEY or KEY=VALUE.
	Labels []string
	Stacks []string
	// Checkpoints are among the snapshots.
	Checkpoints bool
}

// Match reports whether a snapshot passes the filter.
func (f Filter) Match(s Snapshot) bool {
	if s.AfterStep > 0 && !f.Checkpoints {
		return false
	}
	for _, l := range f.Labels {
		if !s.HasLabel(l) {
			return false
		}
	}
	return len(f.Stacks) == 0 || slices.Contains(f.Stacks, s.Stack)
}
