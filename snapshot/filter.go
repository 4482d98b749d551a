package snapshot

import "slices"

// Filter narrows a listing, as docker's filters do: a snapshot must have all of the labels and be of one of the stacks,
// if any are given.
type Filter struct {
	// Labels are KEY or KEY=VALUE.
	Labels []string
	Stacks []string
}

// Match reports whether a snapshot passes the filter.
func (f Filter) Match(s Snapshot) bool {
	for _, l := range f.Labels {
		if !s.HasLabel(l) {
			return false
		}
	}
	return len(f.Stacks) == 0 || slices.Contains(f.Stacks, s.Stack)
}
