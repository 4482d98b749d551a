package bootstrap

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// withoutSteps removes the step, so that the web service itself is committed.
func (f *fixture) withoutSteps() { f.req.Stack.Bootstrap = nil }

// shown runs a bootstrap and returns what its progress shows.
func (f *fixture) shown(t *testing.T) (string, error) {
	t.Helper()
	var shown bytes.Buffer
	var err error
	f.req.Progress, err = progress.New(&shown, "plain", "Building")
	assert.NilError(t, err)
	_, err = Run(t.Context(), f.req)
	f.req.Progress.Close()
	return shown.String(), err
}

// ending serves the web service's port and ends with a code.
func ending(code int) enginetest.Program {
	return func(p *enginetest.Proc) int {
		p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
		return p.UntilStopped(code)
	}
}

// deaf serves the web service's port and ignores its stop signal.
func deaf(p *enginetest.Proc) int {
	p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
	return enginetest.Stubborn()(p)
}

// P3: what ends by its signal has ended well, unless it is MySQL or MariaDB, which end with 0.
func TestP3EndBySignal(t *testing.T) {
	volume := []stack.Mount{{Target: "/data", Volume: "data"}}
	source := stack.Mount{Target: "/code/src", Source: "src"}
	for _, c := range []struct {
		name   string
		code   int
		signal string
		mounts []stack.Mount
		want   string
	}{
		{name: "143 with a volume", code: 143, mounts: volume},
		{name: "0 with a volume", code: 0, mounts: volume},
		{name: "131 by QUIT", code: 131, signal: "SIGQUIT", mounts: volume},
		{name: "143 by QUIT", code: 143, signal: "SIGQUIT", mounts: volume, want: "service web ended with exit code 143 when it was stopped: not committed"},
		{name: "1 with a volume", code: 1, mounts: volume, want: "service web ended with exit code 1 when it was stopped: not committed"},
		{name: "1 without data", code: 1},
		{name: "1 with a volume without a name", code: 1, mounts: []stack.Mount{{Target: "/data"}, source}, want: "service web ended with exit code 1 when it was stopped: not committed"},
		{name: "1 with a volume next to files of the project", code: 1, mounts: []stack.Mount{{Target: "/code/node_modules"}, source}},
		{name: "1 with a volume in files of the project", code: 1, mounts: []stack.Mount{{Target: "/code/src/node_modules"}, source}},
		{name: "1 with a volume to read", code: 1, mounts: []stack.Mount{{Target: "/data", Volume: "data", ReadOnly: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.withoutSteps()
			f.programs["web"] = ending(c.code)
			f.req.Stack.Services[2].Mounts, f.req.Stack.Services[2].StopSignal = c.mounts, c.signal
			_, err := Run(t.Context(), f.req)
			if c.want == "" {
				assert.NilError(t, err)
				return
			}
			assert.Error(t, err, c.want)
			assert.Assert(t, strings.Contains(hint.All(err)[0], "has to end with 0 or "), hint.All(err)[0])
			f.leavesNothing(t)
		})
	}
}

func TestP3DatabaseEndsWithZero(t *testing.T) {
	f := newFixture(t)
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}.Serve)
		return p.UntilStopped(143)
	}
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "service db ended with exit code 143 when it was stopped: not committed")
	assert.DeepEqual(t, hint.All(err), []string{
		"a database has to end with 0 on its stop signal: see stop_signal, and what the command does about it",
	})
}

// P3: a service that holds no data is killed in the end, with a warning that names the likely reason.
func TestP3KilledWithAWarning(t *testing.T) {
	f := newFixture(t)
	f.withoutSteps()
	f.req.Stack.Services[2].StopGracePeriod = 50 * time.Millisecond
	f.programs["web"] = deaf
	shown, err := f.shown(t)
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(shown, "warning: service web did not stop within 50ms of its stop signal and was killed: "+
		"process 1 ignores a signal that it has no handler for, as a shell does: start the program with `exec` in the script, or set `init: true`"), shown)
}

// P3: the likely reason is shown while a service that holds data is waited for, and not only in the end.
func TestP3TheReasonIsShownEarly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	db := &f.req.Stack.Services[1]
	db.StopGracePeriod = 4 * time.Second // the display shows nothing of what takes less than three
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}.Serve)
		for p.Signal() != "KILL" { // without telling the fake that it may give up
			continue
		}
		return 137
	}
	b := newRun(f.req)
	b.hintAfter = time.Millisecond
	var shown bytes.Buffer
	var err error
	b.Progress, err = progress.New(&shown, "plain", "Building")
	assert.NilError(t, err)
	assert.NilError(t, b.lock(t.Context()))
	b.group = b.newGroup()
	assert.NilError(t, b.bringUp(t.Context(), "db"))
	err = b.stopService(t.Context(), *db, well)
	b.clear(t.Context())
	b.Progress.Close()
	assert.ErrorContains(t, err, "did not stop within 4s")
	assert.Assert(t, regexp.MustCompile("waiting for db to end, for 4s at most.*`init: true`").MatchString(shown.String()), shown.String())
}

func TestP3TheReasonWithInit(t *testing.T) {
	assert.Assert(t, !strings.Contains(likely(stack.Service{Init: true}), "init: true"))
}

// U1: what is not kept is killed at once: a service with snapshot: false, and one that only checked what its steps made.
func TestU1WhatIsNotKeptIsKilledAtOnce(t *testing.T) {
	f := newFixture(t)
	f.programs["cache"] = func(p *enginetest.Proc) int {
		p.Listen(11211, probetest.HangUp)
		return enginetest.Stubborn()(p)
	}
	f.programs["web"] = deaf
	begin := time.Now()
	_, err := Run(t.Context(), f.req) // with a grace of a minute each
	assert.NilError(t, err)
	assert.Assert(t, time.Since(begin) < long)
}

func TestHowServicesEnd(t *testing.T) {
	shared := []stack.Mount{{Target: "/data", Volume: "data", Shared: true}}
	for _, c := range []struct {
		name    string
		service stack.Service
		commits bool
		want    end
	}{
		{"plain", stack.Service{}, true, soon},
		{"not kept", stack.Service{}, false, atOnce},
		{"database", stack.Service{Ready: stack.Ready{MySQL: &stack.MySQL{}}}, true, well},
		{"database that is not kept", stack.Service{Ready: stack.Ready{MySQL: &stack.MySQL{}}}, false, atOnce},
		{"volume", stack.Service{Mounts: []stack.Mount{{Target: "/data"}}}, true, well},
		{"copy of files of the project", stack.Service{Mounts: []stack.Mount{{Target: "/src", Source: "src"}}}, true, soon},
		{"shared volume, not kept itself", stack.Service{Mounts: shared}, false, well},
	} {
		assert.Equal(t, endOf(c.service, c.commits), c.want, c.name)
	}
}

// U3: a service that nobody waits for has done its work when it ends with 0.
func TestU3WorkDoneIsNoFailure(t *testing.T) {
	f := newFixture(t)
	f.withoutSteps()
	f.req.Stack.Services[0].Ready = stack.Ready{}
	f.programs["cache"] = enginetest.Exit(0, "warmed up")
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, s.Complete())
}

// U3: any other end fails with name, code and last lines.
func TestU3EndOfAServiceThatNobodyWaitsFor(t *testing.T) {
	f := newFixture(t)
	f.req.Stack.Services[0].Ready = stack.Ready{}
	f.programs["cache"] = enginetest.Exit(4, "no memory")
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		if c, _ := f.Container(strings.Split(r.URL.Path, "/")[2]); !strings.HasSuffix(c.Name, "-cache") {
			f.untilEnded(t, Name(f.req.Snapshot.Key)+"-cache") // before the others are ready
		}
	})
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "service cache: ended with exit code 4 before it was ready\nlast lines of cache:\n  no memory")
	f.leavesNothing(t)
}

// U3: a service that has ended by itself when it is to be stopped.
func TestU3EndAfterTheCheck(t *testing.T) {
	f := newFixture(t)
	f.withoutSteps()
	f.req.Stack.Services[0].Ready = stack.Ready{}
	f.programs["cache"] = func(p *enginetest.Proc) int {
		p.Signal()
		return enginetest.Exit(4, "no memory")(p)
	}
	// The database is stopped before the cache.
	f.Before("POST", "/containers/[^/]+/kill", func(r *http.Request) {
		if c, _ := f.Container(strings.Split(r.URL.Path, "/")[2]); strings.HasSuffix(c.Name, "-db") {
			cache := Name(f.req.Snapshot.Key) + "-cache"
			assert.Check(t, f.req.Engine.Signal(t.Context(), cache, "USR1"))
			_, err := f.req.Engine.ExitCode(t.Context(), cache)
			assert.Check(t, err)
		}
	})
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "service cache ended by itself with exit code 4: not committed; its last lines:\n  no memory")
	f.leavesNothing(t)
}

// untilEnded returns when a container has ended, which may not be there yet.
func (f *fixture) untilEnded(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if c, ok := f.Container(name); ok && c.State == "exited" {
			return
		}
	}
	t.Errorf("container %s has not ended", name)
}
