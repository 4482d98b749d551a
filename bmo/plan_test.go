package bmo

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestDifferences: what has changed since a snapshot was made is named, and nothing else.
func TestDifferences(t *testing.T) {
	load := func(command string) *pipeline {
		st := &stack.Stack{Name: "shop", Services: []stack.Service{{Name: "db", Image: "mysql"}, {Name: "web", Image: "x", Command: []string{command}}}}
		return &pipeline{stack: st, inputs: snapshot.Inputs{Contexts: map[string]string{
			"source": "sha256:1", "service/web": "sha256:2", "dockerfile/web": "sha256:3", "mount/web/0": "sha256:4",
		}}}
	}
	made := load("serve")
	labels := made.parts()
	for name, dgst := range made.inputs.Contexts {
		labels[label.Context+name] = dgst
	}
	s := snapshot.Snapshot{Images: map[string]engine.Image{"web": {Labels: labels}}}
	assert.Equal(t, len(load("serve").differences(s)), 0)

	now := load("serve --fast")
	now.stack.Bootstrap = []stack.Step{{Service: "web", Command: []string{"migrate"}}}
	now.inputs.BuildArgs = map[string]string{"V": "2"}
	now.inputs.Contexts = map[string]string{"source": "sha256:9", "service/web": "sha256:2", "dockerfile/web": "sha256:8", "new": "sha256:7"}
	assert.DeepEqual(t, now.differences(s), []string{
		"build arguments of the command line", "service web in the file", "the Dockerfile of web",
		"context new (new)", "context source", "the steps of the bootstrap", "what is mounted into web (0) (gone)",
	})
}
