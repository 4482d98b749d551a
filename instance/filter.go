package instance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Filter narrows a listing. One of each list must match; an empty list matches everything.
type Filter struct {
	// Names are regular expressions, or parts of a name, as for `docker ps`.
	Names           []string
	Stacks, Flavors []string
	States          []State
	// Snapshots are keys or beginnings of them.
	Snapshots []string
}

// ParseState returns the state with that name.
func ParseState(s string) (State, error) {
	all := []State{Starting, Ready, Paused, Broken}
	if i := slices.Index(all, State(s)); i >= 0 {
		return all[i], nil
	}
	return "", fmt.Errorf("no status %q: an instance is %s, %s, %s or %s", s, Starting, Ready, Paused, Broken)
}

// Match reports whether an instance passes the filter.
func (f Filter) Match(i Instance) bool {
	return some(f.Names, func(p string) bool { return nameMatches(p, i.Name) }) &&
		some(f.Stacks, func(s string) bool { return s == i.Stack }) &&
		some(f.Flavors, func(s string) bool { return s == i.Flavor }) &&
		some(f.States, func(s State) bool { return s == i.State }) &&
		some(f.Snapshots, func(key string) bool { return strings.HasPrefix(i.Key, key) })
}

// some reports whether ok holds for one of the list, or the list is empty.
func some[T any](list []T, ok func(T) bool) bool {
	return len(list) == 0 || slices.ContainsFunc(list, ok)
}

func nameMatches(pattern, name string) bool {
	if strings.Contains(name, pattern) {
		return true
	}
	ok, err := regexp.MatchString(pattern, name)
	return err == nil && ok
}
