package instance

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// TestStartManyIsLimited counts the instances whose network has been created and which are not marked as ready yet.
func TestStartManyIsLimited(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	under, most := 0, 0
	add := func(n int) func(*http.Request) {
		return func(*http.Request) {
			mu.Lock()
			defer mu.Unlock()
			under += n
			most = max(most, under)
		}
	}
	f.Before("POST", "/networks/create", add(1))
	f.Before("POST", "/containers/[^/]+/rename", add(-1))
	list, err := StartMany(t.Context(), f.req, 7, 2)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 7)
	assert.Assert(t, most <= 2, "%d were starting at a time", most)

	names := map[string]bool{}
	for _, i := range list {
		names[i.Name] = true
		assert.Equal(t, i.Env["BMO_INSTANCE"], i.Name)
	}
	assert.Equal(t, len(names), 7)
}

func TestStartManyNames(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "x"
	one, err := StartMany(t.Context(), f.req, 1, 0)
	assert.NilError(t, err)
	assert.Equal(t, one[0].Name, "x")
	list, err := StartMany(t.Context(), f.req, 2, 8)
	assert.NilError(t, err)
	assert.Equal(t, list[0].Name+" "+list[1].Name, "x-1 x-2", "in order, however they became ready")
}

// TestStartManyFails: the instances that were ready before one failed are removed.
func TestStartManyFails(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "x"
	first := make(chan bool)
	f.After("POST", "/containers/[^/]+/rename", func(r *http.Request) {
		if strings.HasSuffix(r.URL.Query().Get("name"), "docker-bmo-x-1-web") {
			close(first)
		}
	})
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if strings.HasPrefix(s.Name, "docker-bmo-x-2-web") {
			return func(*enginetest.Proc) int {
				<-first
				return 3
			}
		}
		return f.programs[s.Labels[label.Service]]
	})
	_, err := StartMany(t.Context(), f.req, 2, 2)
	assert.ErrorContains(t, err, "service web: ended with exit code 3 before it was ready")
	f.leavesNothing(t)
}

func TestStartManyCancelled(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.After("POST", "/containers/[^/]+/rename", func(*http.Request) { cancel() })
	_, err := StartMany(ctx, f.req, 4, 1)
	assert.ErrorIs(t, err, context.Canceled)
	f.leavesNothing(t)
	assert.Assert(t, f.Count("POST", "/networks/create") <= 2, "those that had not begun are not begun")
}

func TestStartManyOnOnePort(t *testing.T) {
	f := newFixture(t)
	f.req.Publish = []Publish{{Service: "db", Port: 3306, Public: 3306}}
	_, err := StartMany(t.Context(), f.req, 2, 2)
	assert.Error(t, err, "port 3306 cannot be published by several instances")
	f.leavesNothing(t)
}
