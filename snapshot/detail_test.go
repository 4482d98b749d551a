package snapshot_test

import (
	"encoding/json"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// labelled returns a snapshot whose images have labels of their own and common ones.
func labelled() snapshot.Snapshot {
	s := snapshot.Snapshot{
		Key: "0123456789abcdef", Inputs: "fedcba", Stack: "demo", Version: "v1", Services: []string{"db", "web"},
		Created: time.Date(2026, 3, 4, 12, 0, 0, 5, time.UTC), Images: map[string]engine.Image{},
	}
	for service, own := range map[string]string{"db": "mysql", "web": "perl"} {
		l := s.Labels()
		l[label.Service], l[label.Parent], l[label.Source] = service, "sha256:"+own, "https://git.example/x#1"
		l[label.Context+"app"], l[label.Bases] = "sha256:c", "debian:trixie-slim,mysql:9.7"
		l["vendor"], l["ci.run"], l[own] = own, "42", ""
		s.Images[service] = engine.Image{ID: "sha256:" + service, Tags: []string{snapshot.Tag("demo", service, s.Key)}, Labels: l, Size: 7}
	}
	return s
}

func TestDetail(t *testing.T) {
	assert.DeepEqual(t, labelled().Detail(), snapshot.Detail{
		Key: "0123456789abcdef", Inputs: "fedcba", Stack: "demo", Version: "v1",
		Created: time.Date(2026, 3, 4, 12, 0, 0, 5, time.UTC), Source: "https://git.example/x#1", Size: 14,
		Bases:    []string{"debian:trixie-slim", "mysql:9.7"},
		Contexts: map[string]string{"app": "sha256:c"}, Labels: map[string]string{"ci.run": "42"},
		Services: map[string]snapshot.ServiceDetail{
			"db":  {ImageID: "sha256:db", Parent: "sha256:mysql", Tags: []string{"docker-bmo/demo-db:0123456789ab"}, Size: 7},
			"web": {ImageID: "sha256:web", Parent: "sha256:perl", Tags: []string{"docker-bmo/demo-web:0123456789ab"}, Size: 7},
		},
	})
}

func TestHasLabels(t *testing.T) {
	for _, c := range []struct {
		labels map[string]string
		want   bool
	}{
		{nil, true},
		{map[string]string{"ci.run": "42"}, true},
		{map[string]string{"ci.run": "43"}, false},
		{map[string]string{"ci.run": "42", "more": ""}, false},
		{map[string]string{"vendor": "perl"}, false},
		{map[string]string{"perl": ""}, false},
	} {
		assert.Equal(t, labelled().HasLabels(c.labels), c.want, "%v", c.labels)
	}
}

func TestCheckLabels(t *testing.T) {
	assert.NilError(t, snapshot.CheckLabels(map[string]string{"docker-bmo": "x", "com.example.a": ""}))
	assert.ErrorContains(t, snapshot.CheckLabels(map[string]string{"docker-bmo.x": "y"}), "names that begin with docker-bmo.")
	assert.ErrorContains(t, snapshot.CheckLabels(map[string]string{"": "y"}), "it has no name")
}

func TestMetadata(t *testing.T) {
	b, err := labelled().Metadata()
	assert.NilError(t, err)
	var got map[string]any
	assert.NilError(t, json.Unmarshal(b, &got))
	assert.DeepEqual(t, got, map[string]any{
		"docker-bmo.key": "0123456789abcdef", "docker-bmo.stack": "demo", "docker-bmo.created": "2026-03-04T12:00:00.000000005Z",
		"db":  map[string]any{"containerimage.digest": "sha256:db", "image.name": "docker-bmo/demo-db:0123456789ab"},
		"web": map[string]any{"containerimage.digest": "sha256:web", "image.name": "docker-bmo/demo-web:0123456789ab"},
	})
}

func TestFits(t *testing.T) {
	s := labelled()
	assert.NilError(t, s.Fits("demo", []string{"db", "web"}, nil))
	assert.ErrorContains(t, s.Fits("demo", []string{"web"}, nil), "snapshot 0123456789ab is of stack demo with db, web, not of demo with web")
	assert.ErrorContains(t, s.Fits("bmo", []string{"db", "web"}, nil), "not of bmo")
	assert.ErrorContains(t, s.Fits("demo", []string{"db", "web"}, []string{"data"}), "has the volumes none, and the stack has data")
}
