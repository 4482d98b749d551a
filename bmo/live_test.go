package bmo

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestLiveTakesASnapshotWithOtherCopies: an edit of what is mounted needs no other snapshot; any other edit does.
func TestLiveTakesASnapshotWithOtherCopies(t *testing.T) {
	load := func(command string, contexts map[string]string) *pipeline {
		st := &stack.Stack{Name: "shop", Services: []stack.Service{{Name: "web", Image: "x", Command: []string{command}}}}
		return &pipeline{stack: st, inputs: snapshot.Inputs{Contexts: contexts}}
	}
	made := load("serve", map[string]string{"service/web": "sha256:2", "mount/web/0": "sha256:4"})
	labels := made.parts()
	for name, dgst := range made.inputs.Contexts {
		labels[label.Context+name] = dgst
	}
	s := snapshot.Snapshot{Images: map[string]engine.Image{"web": {Labels: labels}}}
	for _, test := range []struct {
		name string
		now  *pipeline
		want bool
	}{
		{"the same", made, true},
		{"an edit of what is mounted", load("serve", map[string]string{"service/web": "sha256:2", "mount/web/0": "sha256:5"}), true},
		{"of what is built", load("serve", map[string]string{"service/web": "sha256:3", "mount/web/0": "sha256:4"}), false},
		{"of the file", load("serve -v", map[string]string{"service/web": "sha256:2", "mount/web/0": "sha256:4"}), false},
		{"one more mount", load("serve", map[string]string{"service/web": "sha256:2", "mount/web/0": "sha256:4", "mount/web/1": "sha256:4"}), false},
		{"one mount less", load("serve", map[string]string{"service/web": "sha256:2"}), false},
	} {
		assert.Equal(t, test.now.differsOnlyLive(s), test.want, test.name)
	}
}
