// Package snapshot defines what a snapshot is: a set of committed images with the same key and creation time, one for
// each service of a stack and one for each volume that the engine has for them. Everything about it is in the images' labels.
//
// This package is not API: it can change at any time. Programs use bmo.
package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	// Name is what a committed snapshot is called, "" if it has no name, or a newer one of its stack has it by now. Parent is
	// the key of the snapshot whose instance was committed, or that a bootstrap went on from whose inputs differ; "" if it was
	// built as a whole.
	Name, Parent string
	// AfterStep is how many of the bootstrap's steps a checkpoint has behind it; 0 if it is no checkpoint but a snapshot.
	AfterStep int
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

// List returns the snapshots on the engine that have all of the labels, newest first, including incomplete ones, and no
// checkpoints.
func List(ctx context.Context, e *engine.Engine, labels ...string) ([]Snapshot, error) {
	images, err := e.Images(ctx, append([]string{label.Role + "=" + label.RoleSnapshot}, labels...)...)
	if err != nil {
		return nil, err
	}
	return group(images), nil
}

// All returns the snapshots and the checkpoints on the engine, as List does the former. It is one question, too.
func All(ctx context.Context, e *engine.Engine, labels ...string) ([]Snapshot, error) {
	images, err := e.Images(ctx, append([]string{label.Services}, labels...)...)
	if err != nil {
		return nil, err
	}
	return group(slices.DeleteFunc(images, func(i engine.Image) bool {
		return i.Labels[label.Role] != label.RoleSnapshot && i.Labels[label.Role] != label.RoleCheckpoint
	})), nil
}

// Checkpoints returns the complete checkpoints on the engine that have all of the labels, newest first.
func Checkpoints(ctx context.Context, e *engine.Engine, labels ...string) ([]Snapshot, error) {
	images, err := e.Images(ctx, append([]string{label.Role + "=" + label.RoleCheckpoint}, labels...)...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(group(images), func(s Snapshot) bool { return !s.Complete() }), nil
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
			s = fromLabels(l, created)
			sets[k] = s
		}
		if before, twice := s.Images[l[label.Service]]; twice && before.Labels[label.Start] != "" {
			continue // this one is its copy for a registry
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
	moveNames(out)
	return out
}

func fromLabels(l map[string]string, created time.Time) *Snapshot {
	s := &Snapshot{
		Key: l[label.Key], Inputs: l[label.Inputs], Stack: l[label.Stack], Version: l[label.Version], Created: created,
		Name: l[label.Name], Parent: l[label.From], Images: map[string]engine.Image{},
	}
	s.AfterStep, _ = strconv.Atoi(l[label.AfterStep])
	s.setParts(strings.Split(l[label.Services], ","))
	return s
}

// FromLabels returns the snapshot, without images, that all of whose images share those labels.
func FromLabels(l map[string]string) (Snapshot, error) {
	for _, name := range []string{label.Key, label.Stack, label.Services, label.Created} {
		if l[name] == "" {
			return Snapshot{}, fmt.Errorf("%s is missing", name)
		}
	}
	created, err := time.Parse(time.RFC3339Nano, l[label.Created])
	if err != nil {
		return Snapshot{}, fmt.Errorf("%s: %w", label.Created, err)
	}
	return *fromLabels(l, created), nil
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

// ErrNone reports that there is no snapshot with a key.
var ErrNone = errors.New("no such snapshot")

// Resolve returns the newest complete snapshot of that name, else the one whose key begins with prefix.
func Resolve(ctx context.Context, e *engine.Engine, prefix string) (*Snapshot, error) {
	all, err := List(ctx, e)
	if err != nil {
		return nil, err
	}
	return pick(all, prefix)
}

// ResolveAny is Resolve for snapshots and checkpoints.
func ResolveAny(ctx context.Context, e *engine.Engine, prefix string) (*Snapshot, error) {
	all, err := All(ctx, e)
	if err != nil {
		return nil, err
	}
	return pick(all, prefix)
}

func pick(all []Snapshot, prefix string) (*Snapshot, error) {
	if s, err := named(all, prefix); s != nil || err != nil {
		return s, err
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
		return nil, hint.Wrap(fmt.Errorf("%w: %s", ErrNone, prefix), "`docker bmo snapshot ls` lists them")
	}
	return found, nil
}

// Labels returns the labels that all images of a snapshot share.
func (s Snapshot) Labels() map[string]string {
	l := map[string]string{
		label.Role: label.RoleSnapshot, label.Key: s.Key, label.Inputs: s.Inputs, label.Stack: s.Stack, label.Version: s.Version,
		label.Services: strings.Join(s.Parts(), ","), label.Created: s.Created.UTC().Format(time.RFC3339Nano),
	}
	if s.Name != "" {
		l[label.Name] = s.Name
	}
	if s.Parent != "" {
		l[label.From] = s.Parent
	}
	if s.AfterStep > 0 {
		l[label.Role], l[label.AfterStep] = label.RoleCheckpoint, strconv.Itoa(s.AfterStep)
	}
	return l
}

// Keep splits snapshots, newest first, into those with a name and the n newest of each stack, and the rest. Committed ones,
// those that were built, those that have another one's data, and checkpoints after as many steps are counted apart: a build
// finds each for another purpose.
func Keep(list []Snapshot, n int) (keep, rest []Snapshot) {
	type kind struct {
		stack     string
		committed bool
		grafted   bool
		afterStep int
	}
	seen := map[kind]int{}
	for _, s := range list {
		if s.Name != "" {
			keep = append(keep, s)
			continue
		}
		k := kind{s.Stack, s.Parent != "", s.Grafted() != "", s.AfterStep}
		if seen[k]++; seen[k] <= n {
			keep = append(keep, s)
		} else {
			rest = append(rest, s)
		}
	}
	return keep, rest
}
