// Package snapshottest adds snapshots to a fake engine.
package snapshottest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// New returns a snapshot; the arguments determine everything else.
func New(stack, key string, made time.Time, services ...string) snapshot.Snapshot {
	return snapshot.Snapshot{
		Key: Key(key), Inputs: "inputs-" + key, Stack: stack, Version: "test", Created: made.UTC(),
		Services: slices.Sorted(slices.Values(services)),
	}
}

// Key returns a whole key that has the given beginning.
func Key(prefix string) string { return prefix + strings.Repeat("0", 64-len(prefix)) }

// Add puts a snapshot's images onto the engine, except those of the services in missing.
func Add(f *enginetest.Fake, s snapshot.Snapshot, missing ...string) {
	for _, service := range s.Parts() {
		if slices.Contains(missing, service) {
			continue
		}
		labels := s.Labels()
		labels[label.Service] = service
		f.AddImage(enginetest.Image{
			ID: ID(s, service), Tags: []string{snapshot.Tag(s.Stack, service, s.Key)}, Labels: labels, Created: s.Created,
			Layers: []enginetest.Layer{
				{Name: "base", Size: 100e6},
				{Name: s.Key + s.Created.String() + service, Size: 50e6},
			},
		})
	}
}

// ID returns the identifier that Add gives an image.
func ID(s snapshot.Snapshot, service string) string {
	return fmt.Sprintf("sha256:%.12s-%s-%d", s.Key, service, s.Created.Unix())
}
