package launch

import (
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// fails returns a program that ends with 1 the first times, and then listens.
func fails(times int32, port int) enginetest.Program {
	var starts atomic.Int32
	return func(p *enginetest.Proc) int {
		if starts.Add(1) <= times {
			p.Print("cannot reach the database")
			return 1
		}
		return enginetest.Listening(port)(p)
	}
}

func quickRestarts(t *testing.T) {
	t.Helper()
	before := restartPause
	restartPause = time.Millisecond
	t.Cleanup(func() { restartPause = before })
}

// TestRestartPolicy: an application that ends until its database can be reached comes up, as it does for Compose.
func TestRestartPolicy(t *testing.T) {
	quickRestarts(t)
	g, _ := newGroup(t, programs{"web": fails(2, 80)})
	web := tcp("web", 80)
	web.Restart = true
	assert.NilError(t, g.Up(t.Context(), []stack.Service{web}, nil))

	g, _ = newGroup(t, programs{"web": fails(2, 80)})
	assert.ErrorContains(t, g.Up(t.Context(), []stack.Service{tcp("web", 80)}, nil), "ended with exit code 1 before it was ready")
}

// TestRestartPolicyOfOneWithoutProbes: a worker that ends until another service has prepared the database.
func TestRestartPolicyOfOneWithoutProbes(t *testing.T) {
	quickRestarts(t)
	again := make(chan struct{})
	worker := fails(1, 1)
	var starts atomic.Int32
	g, _ := newGroup(t, programs{
		"worker": func(p *enginetest.Proc) int {
			if starts.Add(1) == 2 {
				close(again)
			}
			return worker(p)
		},
		"web": func(p *enginetest.Proc) int {
			<-again // else the first end might come when all are ready, which is too late
			return enginetest.Listening(80)(p)
		},
	})
	assert.NilError(t, g.Up(t.Context(), []stack.Service{{Name: "worker", Restart: true}, tcp("web", 80)}, nil))
	select {
	case <-g.Process("worker").Done():
		t.Fatal("the worker was not started again")
	case <-time.After(20 * time.Millisecond):
	}
}

// TestRestartPolicyHasAnEnd: what never comes up fails with its last lines.
func TestRestartPolicyHasAnEnd(t *testing.T) {
	quickRestarts(t)
	g, _ := newGroup(t, programs{"web": enginetest.Exit(1, "no such option")})
	web := tcp("web", 80)
	web.Restart, web.Ready.Timeout = true, 200*time.Millisecond
	err := g.Up(t.Context(), []stack.Service{web}, nil)
	assert.ErrorContains(t, err, "ended with exit code 1 before it was ready")
	assert.ErrorContains(t, err, "no such option")
}
