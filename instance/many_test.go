package instance

import (
	"context"
	"errors"
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
	list, err := StartMany(t.Context(), f.req, Many{Number: 7, AtOnce: 2, AllOrNone: true})
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
	one, err := StartMany(t.Context(), f.req, Many{Number: 1, AtOnce: 0, AllOrNone: true})
	assert.NilError(t, err)
	assert.Equal(t, one[0].Name, "x")
	list, err := StartMany(t.Context(), f.req, Many{Number: 2, AtOnce: 8, AllOrNone: true})
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
	_, err := StartMany(t.Context(), f.req, Many{Number: 2, AtOnce: 2, AllOrNone: true})
	assert.ErrorContains(t, err, "service web: ended with exit code 3 before it was ready")
	f.leavesNothing(t)
}

func TestStartManyCancelled(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.After("POST", "/containers/[^/]+/rename", func(*http.Request) { cancel() })
	_, err := StartMany(ctx, f.req, Many{Number: 4, AtOnce: 1, AllOrNone: true})
	assert.ErrorIs(t, err, context.Canceled)
	f.leavesNothing(t)
	assert.Assert(t, f.Count("POST", "/networks/create") <= 2, "those that had not begun are not begun")
}

func TestStartManyOnOnePort(t *testing.T) {
	f := newFixture(t)
	f.req.Publish = []Publish{{Service: "db", Port: 3306, Public: 3306}}
	_, err := StartMany(t.Context(), f.req, Many{Number: 2, AtOnce: 2, AllOrNone: true})
	assert.Error(t, err, "port 3306 cannot be published by several instances")
	f.leavesNothing(t)
}

// TestStartManyWithoutOne: the others stay, each is told when it is ready, and the error says which is missing and why.
func TestStartManyWithoutOne(t *testing.T) {
	f := newFixture(t)
	f.req.Name = "x"
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if strings.HasPrefix(s.Name, "docker-bmo-x-2-web") {
			return func(*enginetest.Proc) int { return 3 }
		}
		return f.programs[s.Labels[label.Service]]
	})
	told := map[string]bool{}
	list, err := StartMany(t.Context(), f.req, Many{Number: 3, AtOnce: 2, Started: func(i *Instance) { told[i.Name] = true }})
	var failed *FailedError
	assert.Assert(t, errors.As(err, &failed))
	assert.ErrorContains(t, err, "1 of 3 instances did not start\nx-2: service web: ended with exit code 3 before it was ready")
	assert.Equal(t, len(list), 2)
	assert.Equal(t, list[0].Name+" "+list[1].Name, "x-1 x-3")
	assert.DeepEqual(t, told, map[string]bool{"x-1": true, "x-3": true})
	left, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, len(left), 2, "nothing is left of the one that failed")
}

// TestStartManyNone: without any, the error says once what is wrong with all of them.
func TestStartManyNone(t *testing.T) {
	f := newFixture(t)
	f.programs["web"] = func(*enginetest.Proc) int { return 3 }
	list, err := StartMany(t.Context(), f.req, Many{Number: 3, AtOnce: 3})
	assert.Equal(t, len(list), 0)
	assert.ErrorContains(t, err, "3 of 3 instances did not start\n1/3, 2/3, 3/3: service web: ended with exit code 3")
	f.leavesNothing(t)
}

func TestStartManyIsInterrupted(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := StartMany(ctx, f.req, Many{Number: 4, AtOnce: 1, Started: func(*Instance) { cancel() }})
	assert.ErrorIs(t, err, context.Canceled)
	f.leavesNothing(t)
}
