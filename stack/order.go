package stack

import (
	"maps"
	"slices"
)

// order sorts names so that each comes after those it needs, by name where nothing else decides. When that is
// impossible it returns a cycle, with its first name repeated at the end. Needed names without an entry do not count.
func order(needs map[string][]string) (sorted, cycle []string) {
	left := slices.Sorted(maps.Keys(needs))
	waitsFor := func(name string) (string, bool) {
		for _, need := range slices.Sorted(slices.Values(needs[name])) {
			if slices.Contains(left, need) {
				return need, true
			}
		}
		return "", false
	}
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(name string) bool {
			_, waits := waitsFor(name)
			return !waits
		})
		if next < 0 {
			return nil, follow(left[0], waitsFor)
		}
		sorted = append(sorted, left[next])
		left = slices.Delete(left, next, next+1)
	}
	return sorted, nil
}

// follow goes from name to name until one repeats, and returns the cycle.
func follow(name string, next func(string) (string, bool)) []string {
	var path []string
	for {
		if at := slices.Index(path, name); at >= 0 {
			return append(path[at:], name)
		}
		path = append(path, name)
		name, _ = next(name)
	}
}
