// Package instancetest adds snapshots of an age and running instances of them to a fake engine.
package instancetest

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// Noon is when the tests take place.
var Noon = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// Day returns the time that many days before Noon.
func Day(age int) time.Time { return Noon.AddDate(0, 0, -age) }

// Fake is a fake engine for snapshots of the services db and web.
type Fake struct{ *enginetest.Fake }

// New returns a fake engine that the test ends.
func New(t *testing.T) *Fake {
	t.Helper()
	return &Fake{enginetest.New(t)}
}

// AddSnapshot adds a snapshot of that age in days, except the images of the services in missing.
func (f *Fake) AddSnapshot(stack, key string, age int, missing ...string) snapshot.Snapshot {
	s := snapshottest.New(stack, key, Day(age), "db", "web")
	snapshottest.Add(f.Fake, s, missing...)
	return s
}

// AddInstance adds a running instance of a snapshot; its web service leads.
func (f *Fake) AddInstance(t *testing.T, name string, s snapshot.Snapshot, made time.Time, o owner.Owner) {
	t.Helper()
	e := f.Engine(t)
	labels := map[string]string{
		label.Role: label.RoleInstance, label.Instance: name, label.Key: s.Key,
		label.Stack: s.Stack, label.Flavor: "low", label.Owner: o.String(),
		label.Created: made.Format(time.RFC3339Nano),
	}
	network, err := f.AddNetwork("docker-bmo-"+name, labels)
	assert.NilError(t, err)
	for _, service := range s.Services {
		labels[label.Service] = service
		if service == "web" {
			labels[label.Lead], labels[label.URL] = "true", "http://127.0.0.1:20000"
		}
		id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{
			Name: "docker-bmo-" + name + "-" + service, Image: snapshottest.ID(s, service), Labels: labels, Network: network,
		})
		assert.NilError(t, err)
		_, err = e.Start(t.Context(), id, nil, nil)
		assert.NilError(t, err)
	}
}
