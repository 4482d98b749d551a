package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// talkative starts an instance whose services print in turns, a second apart, before they are ready.
func talkative(t *testing.T) *terminal {
	x := newTerminal(t)
	clock := instancetest.Noon
	x.SetNow(func() time.Time { return clock })
	turn := map[string]chan bool{"db": make(chan bool), "web": make(chan bool)}
	done := make(chan bool)
	x.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		service := s.Labels[label.Service]
		serve := shopPrograms(s)
		return func(p *enginetest.Proc) int {
			go func() {
				for n := 1; <-turn[service]; n++ {
					p.Print(fmt.Sprintf("%s says %d", service, n))
					fmt.Fprintf(p.Stderr, "%s complains\n", service)
					done <- true
				}
			}()
			return serve(p)
		}
	})
	s := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Stack: "shop", Created: instancetest.Noon}, nil)
	x.start(s, instance.Request{Name: "one", Detach: true})
	for _, service := range []string{"web", "db", "web"} {
		clock = clock.Add(time.Second)
		turn[service] <- true
		<-done
	}
	t.Cleanup(func() { close(turn["db"]); close(turn["web"]) })
	return x
}

func TestLogs(t *testing.T) {
	x := talkative(t)
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"logs", []string{"one"}, 0},
		{"logs-service", []string{"one", "web"}, 0},
		{"logs-tail", []string{"-n", "2", "one"}, 0},
		{"logs-timestamps", []string{"-t", "one"}, 0},
		{"logs-no-prefix", []string{"--no-log-prefix", "one", "db"}, 0},
		{"logs-no-service", []string{"one", "cache"}, 1},
		{"logs-no-instance", []string{"two"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x.t = t
			assert.Equal(t, x.run(append([]string{"logs"}, c.args...)...), c.code)
			x.golden(c.name)
		})
	}
}

// TestLogsFollow: the logs are followed until the services end.
func TestLogsFollow(t *testing.T) {
	x := oneInstance(t)
	e := x.Engine(t)
	list, err := instance.List(t.Context(), e)
	assert.NilError(t, err)
	open := make(chan bool, 2)
	x.Before("GET", "/containers/[^/]+/logs", func(*http.Request) { open <- true })
	go func() {
		for _, id := range list[0].Services {
			<-open
			_ = e.Signal(t.Context(), id, "TERM")
		}
	}()
	assert.Equal(t, x.run("logs", "-f", "one"), 0)
	assert.DeepEqual(t, sortedLines(x.out), []string{"db  | db: mysqld --low", "web | web: listening"})
}

// TestFollowUntil: as docker's own, a command that follows until a time ends at that time.
func TestFollowUntil(t *testing.T) {
	x := oneInstance(t)
	until := time.Now().Add(100 * time.Millisecond).Format(time.RFC3339Nano)
	for _, what := range []string{"logs", "events"} {
		assert.Equal(t, x.run(what, "-f", "--until", until, "one"), 0, x.err)
	}
}

// TestRecordOfANamedSnapshot: what makes a snapshot is found by the name that it has now, and it is said when there is none.
func TestRecordOfANamedSnapshot(t *testing.T) {
	x := newTerminal(t)
	x.addSnapshot(snapshot.Snapshot{Key: key("a"), Name: "kept", Stack: "shop", Created: instancetest.Noon}, nil)
	for _, name := range []string{"kept", key("a")[:12]} {
		assert.Equal(t, x.run("logs", name), 1)
		assert.Assert(t, is.Contains(x.err, "error: there is no record of how snapshot "+name+" was made\nhint: "))
	}
	x.addSnapshot(snapshot.Snapshot{Key: "aa" + key("b")[2:], Stack: "shop", Created: instancetest.Noon}, nil)
	assert.Equal(t, x.run("logs", "aa"), 1)
	assert.Assert(t, is.Contains(x.err, `snapshot "aa" is ambiguous`))
	x.Fail("GET", "/images/json", http.StatusInternalServerError, "out of order", 1)
	assert.Equal(t, x.run("logs", "kept"), exitEngine, x.err)
	folder := filepath.Join(os.Getenv("XDG_STATE_HOME"), "docker-bmo", "records")
	h := journal.Header{ID: journal.NewID(time.Now()), Kind: label.RoleBootstrap, Key: key("a"), Created: time.Now()}
	r, err := journal.OpenArchive(folder).Create(h, time.Now)
	assert.NilError(t, err)
	assert.NilError(t, r.Close())
	for _, what := range []string{"logs", "events", "report"} {
		assert.Equal(t, x.run(what, "kept"), 0, x.err)
	}
}
