package attest

import (
	"encoding/json"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// made is a snapshot with everything that can be said of one.
func made() snapshot.Snapshot {
	s := snapshot.Snapshot{
		Key: "11aa", Inputs: "22bb", Stack: "shop", Version: "0.9.0", Created: time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC),
		Services: []string{"db", "web"}, Images: map[string]engine.Image{},
	}
	for _, name := range s.Services {
		labels := s.Labels()
		for k, v := range map[string]string{
			label.Service: name, label.Start: "of this user only", label.Owner: "me", label.Config + "db": "c0", label.Config + "web": "c1",
			label.Steps: "d0", label.StepDigests: "web=e0,web=e1", label.BuildArgs: "f0", label.Remote: "f1",
			label.Context + "source": "sha256:ab", label.Bases: "debian:trixie-slim", label.BaseDigests: "debian:trixie-slim=sha256:cd",
			label.Source: "https://git.example/shop#main", label.Parent: "sha256:ef", label.Checkpoint: "33cc", label.Data: "55ee linux/arm64", "team": "shop",
		} {
			labels[k] = v
		}
		s.Images[name] = engine.Image{ID: "sha256:" + name, Labels: labels, Created: s.Created}
	}
	return s
}

// checkGolden compares JSON with a golden file.
func checkGolden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	assert.NilError(t, err)
	golden.Assert(t, string(text)+"\n", name+".golden")
}

// TestPredicates: what is said of an image and of a snapshot, with everything that can be said, and with nothing of what is
// for one user or one machine.
func TestPredicates(t *testing.T) {
	before := version.Version
	version.Version = "1.0.0"
	defer func() { version.Version = before }()
	checkGolden(t, "provenance", Provenance(made(), "web", ""))
	checkGolden(t, "snapshot", Snapshot(made(), "linux/amd64", map[string]string{"db": "sha256:01", "web": "sha256:02"}))

	bare := made() // as an older docker bmo has made it, committed
	bare.Parent, bare.Inputs = "44dd", ""
	for name, img := range bare.Images {
		img.Labels = bare.Labels()
		img.Labels[label.Service] = name
		bare.Images[name] = img
	}
	checkGolden(t, "provenance-bare", Provenance(bare, "web", "https://ci.example/1"))
	checkGolden(t, "snapshot-bare", Snapshot(bare, "linux/amd64", map[string]string{"db": "sha256:01", "web": "sha256:02"}))
}
