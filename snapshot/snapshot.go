// Package snapshot defines what a snapshot is: a set of committed images with the same key and creation time, one for
// each service of a stack and one for each volume that the engine has for them. Everything about it is in the images' labels.
//
// This package is not API: it can change at any time. Programs use bmo.
package snapshot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Snapshot is a set of images that were sealed together.
type Snapshot struct {
	Key, Inputs, Stack, Version string
	Created                     time.Time
	// Services are the names of all services that belong to the set.
	Services []string
	// Volumes are the names of the volumes whose content belongs to the set.
	Volumes []string
	// Images maps a service, and a volume as label.Volume returns it, to its image. In an incomplete snapshot some are
	// missing.
	Images map[string]engine.Image
}

// Parts returns what the snapshot has an image for: the services, and the volumes as label.Volume returns them.
func (s Snapshot) Parts() []string {
	parts := slices.Clone(s.Services)
	for _, name := range s.Volumes {
		parts = append(parts, label.Volume(name))
	}
	return parts
}

// setParts sets what Parts returns.
func (s *Snapshot) setParts(parts []string) {
	for _, part := range parts {
		if name, ok := label.VolumeName(part); ok {
			s.Volumes = append(s.Volumes, name)
		} else {
			s.Services = append(s.Services, part)
		}
	}
}

// Complete reports whether every part of the set has its image. An incomplete snapshot is garbage.
func (s Snapshot) Complete() bool {
	for _, name := range s.Parts() {
		if _, ok := s.Images[name]; !ok {
			return false
		}
	}
	return len(s.Services) > 0
}

// Fits returns an error if the snapshot is not one of the stack with that name, those services and those volumes.
func (s Snapshot) Fits(stack string, services, volumes []string) error {
	if s.Stack == stack && slices.Equal(s.Services, services) && !slices.Equal(s.Volumes, volumes) {
		return hint.Wrap(fmt.Errorf("snapshot %s has the volumes %s, and the stack has %s", Short(s.Key), list(s.Volumes), list(volumes)),
			"the stack has changed since: run `docker bmo build`")
	}
	if s.Stack == stack && slices.Equal(s.Services, services) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("snapshot %s is of stack %s with %s, not of %s with %s", Short(s.Key), s.Stack,
		strings.Join(s.Services, ", "), stack, strings.Join(services, ", ")), "name the stack that it was made from with --stack")
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Size returns the sum of the images' sizes in bytes; layers that they share are counted once for each image.
func (s Snapshot) Size() int64 {
	var n int64
	for _, img := range s.Images {
		n += img.Size
	}
	return n
}

// List returns the snapshots on the engine that have all of the labels, newest first, including incomplete ones.
func List(ctx context.Context, e *engine.Engine, labels ...string) ([]Snapshot, error) {
	images, err := e.Images(ctx, append([]string{label.Role + "=" + label.RoleSnapshot}, labels...)...)
	if err != nil {
		return nil, err
	}
	return group(images), nil
}

// group collects images with the same key and creation time.
func group(images []engine.Image) []Snapshot {
	type id struct{ key, created string }
	sets := map[id]*Snapshot{}
	for _, img := range images {
		l := img.Labels
		if l[label.Key] == "" || l[label.Services] == "" {
			continue // not made by docker bmo, whatever its role says
		}
		k := id{l[label.Key], l[label.Created]}
		created, _ := time.Parse(time.RFC3339Nano, k.created)
		if derived(img, created) {
			continue
		}
		s := sets[k]
		if s == nil {
			s = &Snapshot{
				Key: k.key, Inputs: l[label.Inputs], Stack: l[label.Stack], Version: l[label.Version], Created: created,
				Images: map[string]engine.Image{},
			}
			s.setParts(strings.Split(l[label.Services], ","))
			sets[k] = s
		}
		s.Images[l[label.Service]] = img
	}
	out := make([]Snapshot, 0, len(sets))
	for _, s := range sets {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Snapshot) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Key, b.Key))
	})
	return out
}

// derived reports whether the image was built from a snapshot's image: then it inherits the labels, but not the
// creation time, which in a snapshot's image is the same as in its label. Engines list it in whole seconds.
func derived(img engine.Image, created time.Time) bool { return img.Created.Unix() != created.Unix() }

// Find returns the newest complete snapshot of the inputs with that digest, or nil if there is none.
func Find(ctx context.Context, e *engine.Engine, inputs string) (*Snapshot, error) {
	return newest(List(ctx, e, label.Inputs+"="+inputs))
}

// FindKey returns the newest complete snapshot with that key, or nil if there is none.
func FindKey(ctx context.Context, e *engine.Engine, key string) (*Snapshot, error) {
	return newest(List(ctx, e, label.Key+"="+key))
}

func newest(list []Snapshot, err error) (*Snapshot, error) {
	for _, s := range list {
		if s.Complete() {
			return &s, err
		}
	}
	return nil, err
}

// Resolve returns the newest complete snapshot whose key begins with prefix.
func Resolve(ctx context.Context, e *engine.Engine, prefix string) (*Snapshot, error) {
	all, err := List(ctx, e)
	if err != nil {
		return nil, err
	}
	var found *Snapshot
	for _, s := range all {
		switch {
		case prefix == "" || !s.Complete() || !strings.HasPrefix(s.Key, prefix):
		case found == nil:
			found = &s
		case found.Key != s.Key:
			return nil, fmt.Errorf("snapshot %q is ambiguous: %s and %s begin with it", prefix, Short(found.Key), Short(s.Key))
		}
	}
	if found == nil {
		return nil, hint.Wrap(fmt.Errorf("no such snapshot: %s", prefix), "`docker bmo snapshot ls` lists them")
	}
	return found, nil
}

// Labels returns the labels that all images of a snapshot share.
func (s Snapshot) Labels() map[string]string {
	return map[string]string{
		label.Role: label.RoleSnapshot, label.Key: s.Key, label.Inputs: s.Inputs, label.Stack: s.Stack, label.Version: s.Version,
		label.Services: strings.Join(s.Parts(), ","), label.Created: s.Created.UTC().Format(time.RFC3339Nano),
	}
}

// Keep splits snapshots, newest first, into the n newest of each stack and the rest.
func Keep(list []Snapshot, n int) (keep, rest []Snapshot) {
	seen := map[string]int{}
	for _, s := range list {
		if seen[s.Stack]++; seen[s.Stack] <= n {
			keep = append(keep, s)
		} else {
			rest = append(rest, s)
		}
	}
	return keep, rest
}
