package snapshot

import (
	"fmt"
	"regexp"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// validName matches the names that a snapshot can have, which are those of an image's tag; hexKey matches what is shown of
// a key, and a whole one.
var (
	validName = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	hexKey    = regexp.MustCompile(`^([0-9a-f]{12}|[0-9a-f]{64})$`)
)

// CheckName returns an error for a name that no snapshot can have. The empty one is none, and valid.
func CheckName(name string) error {
	switch {
	case name == "":
		return nil
	case !validName.MatchString(name):
		return hint.Wrap(fmt.Errorf("invalid snapshot name %q", name), "use letters and digits; _ . - are allowed after the first character")
	case hexKey.MatchString(name):
		return hint.Wrap(fmt.Errorf("invalid snapshot name %q: it looks like a key", name), "choose one with another letter than a to f in it")
	}
	return nil
}

// moveNames leaves each name of a stack to the newest complete snapshot that was given it: like an image's tag, it has moved
// there. list is sorted, newest first.
func moveNames(list []Snapshot) {
	type of struct{ stack, name string }
	taken := map[of]bool{}
	for i, s := range list {
		if s.Name == "" || !s.Complete() {
			continue
		}
		if taken[of{s.Stack, s.Name}] {
			list[i].Name = ""
		}
		taken[of{s.Stack, s.Name}] = true
	}
}

// named returns the snapshot of that name, nil if none has it. Snapshots of several stacks may have it.
func named(list []Snapshot, name string) (found *Snapshot, err error) {
	for _, s := range list {
		switch {
		case name == "" || s.Name != name || !s.Complete():
		case found == nil:
			found = &s
		default:
			return nil, hint.Wrap(fmt.Errorf("snapshot %q is ambiguous: %s of stack %s and %s of stack %s have that name",
				name, Short(found.Key), found.Stack, Short(s.Key), s.Stack), "name it by its key")
		}
	}
	return found, nil
}
