package bmo

import (
	"errors"
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

// noon is when the tests take place.
var noon = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

func day(age int) time.Time { return noon.AddDate(0, 0, -age) }

// errStopped is why a test ends a context.
var errStopped = errors.New("stopped")

// fixture is a fake engine.
type fixture struct{ *enginetest.Fake }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return &fixture{enginetest.New(t)}
}

// client returns a client of the engine.
func (d *fixture) client(t *testing.T, opts ...Option) *Client {
	t.Helper()
	return New(d.Client(t), opts...)
}

// add puts a snapshot of that age in days onto the engine.
func (d *fixture) add(stack, key string, age int, missing ...string) snapshot.Snapshot {
	s := snapshottest.New(stack, key, day(age), "db", "web")
	snapshottest.Add(d.Fake, s, missing...)
	return s
}

// instance puts a running instance of a snapshot onto the engine.
func (d *fixture) instance(t *testing.T, name string, s snapshot.Snapshot, made time.Time, o owner.Owner) {
	t.Helper()
	e := d.Engine(t)
	labels := map[string]string{
		label.Role: label.RoleInstance, label.Instance: name, label.Key: s.Key,
		label.Stack: s.Stack, label.Flavor: "low", label.Owner: o.String(),
		label.Created: made.Format(time.RFC3339Nano),
	}
	network, err := d.AddNetwork("docker-bmo-"+name, labels)
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
