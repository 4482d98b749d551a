package main

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// oneInstance starts an instance whose database is published.
func oneInstance(t *testing.T) *terminal {
	x := newTerminal(t)
	s := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Stack: "shop", Created: time.Now().UTC()}, nil)
	x.start(s, instance.Request{Name: "one", Detach: true, Publish: []instance.Publish{{Service: "db", Port: 3306}}})
	return x
}

func TestInspect(t *testing.T) {
	x := oneInstance(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"inspect", []string{"one"}, 0},
		{"inspect-json", []string{"-f", "json", "one"}, 0},
		{"inspect-template", []string{"-f", `{{.Name}} {{.State}} {{.URL}} {{(index .Services "db").State}}`, "one"}, 0},
		{"inspect-missing", []string{"-f", "{{.Name}}", "none", "one"}, 1},
		{"inspect-missing-all", []string{"none", "nobody"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"inspect"}, c.args...)...), c.code)
			x.golden(c.name)
		})
	}
}

func TestPort(t *testing.T) {
	x := oneInstance(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"port", []string{"one"}, 0},
		{"port-service", []string{"one", "db"}, 0},
		{"port-one", []string{"one", "db", "3306"}, 0},
		{"port-tcp", []string{"one", "web", "8000/tcp"}, 0},
		{"port-udp", []string{"one", "web", "8000/udp"}, 1},
		{"port-not-published", []string{"one", "db", "3307"}, 1},
		{"port-not-a-port", []string{"one", "db", "mysql"}, 1},
		{"port-no-service", []string{"one", "cache"}, 1},
		{"port-no-instance", []string{"two"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"port"}, c.args...)...), c.code)
			x.golden(c.name)
		})
	}
}
