package bootstrap

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

const diskFull = "write /var/lib/docker/overlay2/x: no space left on device"

// TestFaults: whatever fails, there is no snapshot, nothing is left, and the error says what failed.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault func(*fixture)
		want  string
		hint  string
	}{
		{
			name:  "image is gone",
			fault: func(f *fixture) { f.req.Built["db"] = "gone:1" },
			want:  "somebody else has removed .* this command works with: before bootstrap step 1: create container docker-bmo-bootstrap-0123456789ab-db: .*No such image: gone:1",
		},
		{
			name:  "database does not start",
			fault: func(f *fixture) { f.Fail("POST", "/containers/[^/]+/start", 500, "cgroups are broken", 2) },
			want:  "before bootstrap step 1: service (db|cache): start container: .*cgroups are broken",
		},
		{
			name:  "database ends",
			fault: func(f *fixture) { f.programs["db"] = enginetest.Exit(1, "unknown variable 'x'") },
			want:  "before bootstrap step 1: service db: ended with exit code 1 before it was ready\nlast lines of db:\n  unknown variable 'x'",
		},
		{
			name: "database never lets in",
			fault: func(f *fixture) {
				f.programs["db"] = database(probetest.MySQL{User: "other"})
				f.req.Stack.Services[1].Ready.Timeout = 100 * time.Millisecond
			},
			want: "before bootstrap step 1: service db: not ready after .*: mysql query on port 3306 as bugs: .*\nlast lines of db:\n  ready for connections",
		},
		{
			name: "step does not start",
			fault: func(f *fixture) {
				f.req.Stack.Bootstrap[0].Command = nil
				f.Fail("POST", "/containers/[^/]+/attach", 500, "no", 3)
			},
			want: "before bootstrap step 1: service (db|cache): attach to container .*",
		},
		{
			name: "database is killed under the step",
			fault: func(f *fixture) {
				f.programs["web load"] = func(p *enginetest.Proc) int {
					if err := f.req.Engine.Signal(context.Background(), Name(f.req.Snapshot.Key)+"-db", "KILL"); err != nil {
						panic(err)
					}
					p.Print("no connection")
					return 2
				}
			},
			want: "bootstrap step 1 of 1: `load` in service web ended with exit code 2; its last lines:\n  no connection\nbefore that, service db ended with exit code 137",
			hint: "see why the service has ended: `docker bmo logs` has what it printed and what was done to it; then run `docker bmo build` again",
		},
		{
			name:  "step of no service",
			fault: func(f *fixture) { f.req.Stack.Bootstrap[0].Service = "none" },
			want:  "bootstrap step 1: stack demo has no service none",
		},
		{
			name:  "commit of the step without space",
			fault: func(f *fixture) { f.Fail("POST", "/commit", 500, diskFull, 1) },
			want:  "commit docker-bmo/demo-web:0123456789ab-raw1: .*no space left on device",
			hint:  engine.SpaceHint,
		},
		{
			name:  "seal of the step",
			fault: func(f *fixture) { f.Fail("POST", "/seal", 500, "no BuildKit", 1) },
			want:  "seal docker-bmo/demo-web:0123456789ab-raw2: no BuildKit",
		},
		{
			name: "web gives errors",
			fault: func(f *fixture) {
				f.programs["web"] = website(enginetest.Answer(500, "no template"))
				f.req.Stack.Services[2].Ready.Timeout = 100 * time.Millisecond
			},
			want: "check the bootstrapped application: service web: not ready after .*: GET http://127.0.0.1:8000/: answered 500 Internal Server Error: no template(?s:.*)",
		},
		{
			name:  "web ends",
			fault: func(f *fixture) { f.programs["web"] = enginetest.Exit(2, "syntax error") },
			want:  "check the bootstrapped application: service web: ended with exit code 2 before it was ready\nlast lines of web:(?s:.*)\n  syntax error",
		},
		{
			name:  "commit of the database without space",
			fault: func(f *fixture) { failLater(f, "/commit", 2, diskFull) },
			want:  "commit docker-bmo/demo-db:0123456789ab-raw3: .*no space left on device",
			hint:  engine.SpaceHint,
		},
		{
			name:  "first seal",
			fault: func(f *fixture) { failLater(f, "/seal", 2, "no BuildKit") },
			want:  "seal docker-bmo/demo-cache:0123456789ab: no BuildKit",
		},
		{
			name:  "last seal, with the others made",
			fault: func(f *fixture) { failLater(f, "/seal", 4, "no BuildKit") },
			want:  "seal docker-bmo/demo-web:0123456789ab: no BuildKit",
		},
		{
			name:  "last question",
			fault: func(f *fixture) { f.Fail("GET", "/images/json", 500, "no", 1) },
			want:  "list images: .*no",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			c.fault(f)
			s, err := Run(t.Context(), f.req)
			assert.Assert(t, s == nil)
			assert.Assert(t, regexpMatch(c.want, err.Error()), "%v", err)
			if c.hint != "" {
				assert.DeepEqual(t, hint.All(err), []string{c.hint})
			}
			if c.name != "last question" { // by then the snapshot exists
				f.leavesNothing(t)
			}
		})
	}
}

func TestStory03FailureSaysWhichStepAndWhy(t *testing.T) {
	f := newFixture(t)
	var lines []string
	for range 30 {
		lines = append(lines, "loading")
	}
	f.programs["web load"] = enginetest.Exit(255, append(lines, "DBD::mysql::db do failed: Table 'bugs.versions' doesn't exist")...)
	_, err := Run(t.Context(), f.req)
	var step *StepError
	assert.Assert(t, errors.As(err, &step))
	assert.Equal(t, step.Code, 255)
	assert.Equal(t, step.Step.Service, "web")
	assert.Equal(t, len(step.Output), 20)
	assert.Assert(t, strings.HasPrefix(err.Error(),
		"bootstrap step 1 of 1: `load` in service web ended with exit code 255; its last lines:\n  loading\n"), "%v", err)
	assert.Assert(t, strings.HasSuffix(err.Error(), "\n  DBD::mysql::db do failed: Table 'bugs.versions' doesn't exist"), "%v", err)
	assert.Equal(t, len(hint.All(err)), 1)
	f.leavesNothing(t)
}

// TestWhatAStepPrintsIsNotTheEngines: a step that cannot find an image or a network of its own is not begun again.
func TestWhatAStepPrintsIsNotTheEngines(t *testing.T) {
	for _, printed := range []string{"No such image: app:1", "docker.io/library/app:1: not found", "network shop not found"} {
		f := newFixture(t)
		f.programs["web load"] = enginetest.Exit(1, printed)
		_, err := Run(t.Context(), f.req)
		var removed *engine.RemovedError
		assert.Assert(t, !errors.As(err, &removed), "%v", err)
		assert.ErrorContains(t, err, printed)
	}
}

// TestFailureIsSaidOnce: if progress is shown, it has the step's last lines, and the error leaves them out.
func TestFailureIsSaidOnce(t *testing.T) {
	f := newFixture(t)
	f.programs["web load"] = enginetest.Exit(255, "loading", "no such table")
	var shown bytes.Buffer
	var err error
	f.req.Progress, err = progress.New(&shown, "plain", "Building")
	assert.NilError(t, err)
	_, err = Run(t.Context(), f.req)
	f.req.Progress.Close()
	assert.Error(t, err, "bootstrap step 1 of 1: `load` in service web ended with exit code 255")
	_, end, _ := strings.Cut(shown.String(), "------\n")
	assert.Assert(t, strings.HasPrefix(end, " > bootstrap 1/1 web: load:\n"), shown.String())
	assert.Equal(t, strings.Count(end, "no such table\n"), 1, shown.String())
	assert.Assert(t, strings.Contains(shown.String(), " clean up after bootstrap\n"), shown.String())
}

func TestSilentStep(t *testing.T) {
	f := newFixture(t)
	f.programs["web load"] = enginetest.Exit(1)
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "bootstrap step 1 of 1: `load` in service web ended with exit code 1")
}

func TestStepWithoutSpace(t *testing.T) {
	f := newFixture(t)
	f.programs["web load"] = enginetest.Exit(1, "head: error writing 'standard output': No space left on device")
	_, err := Run(t.Context(), f.req)
	assert.DeepEqual(t, hint.All(err), []string{engine.SpaceHint})
}

func TestStepTakesTooLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.req.Stack.Bootstrap[0].Timeout = 100 * time.Millisecond
	f.programs["web load"] = enginetest.Stubborn()
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "bootstrap step 1 of 1: `load` in service web did not end within 100ms")
	assert.DeepEqual(t, hint.All(err), []string{"raise the step's timeout in the stack"})
	f.leavesNothing(t)
}

// The timeout may expire while the container is still being started.
func TestStepStartsTooSlowly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.req.Stack.Bootstrap[0].Timeout = 100 * time.Millisecond
	// The engine starts it all the same, and what it prints may or may not arrive in time for the error.
	f.programs["web load"] = func(p *enginetest.Proc) int { return p.UntilStopped(0) }
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		if c, _ := f.Container(strings.Split(r.URL.Path, "/")[2]); strings.HasSuffix(c.Name, "-web") {
			<-r.Context().Done()
		}
	})
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "bootstrap step 1 of 1: `load` in service web did not end within 100ms")
	f.leavesNothing(t)
}

// TestStory19TeardownTriesAgain: temporary problems leave nothing behind.
func TestStory19TeardownTriesAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.programs["web load"] = enginetest.Exit(1)
	f.Fail("DELETE", "/containers/.*", 500, "device or resource busy", 1)
	f.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 1)
	_, err := Run(t.Context(), f.req)
	assert.ErrorContains(t, err, "bootstrap step 1 of 1")
	f.leavesNothing(t)
	assert.Assert(t, f.req.Journal.Tail("bmo") == nil)
}

func TestTeardownThatFailsIsNoted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Fail("DELETE", "/networks/.*", 403, "network has active endpoints", 100)
	s, err := Run(t.Context(), f.req)
	assert.NilError(t, err)
	assert.Assert(t, s.Complete())
	assert.Assert(t, strings.Contains(strings.Join(f.req.Journal.Tail("bmo"), "\n"), "clear away: remove network"))
}

func TestSnapshotIsRemovedAtOnce(t *testing.T) {
	f := newFixture(t)
	f.Before("GET", "/images/json", func(*http.Request) {
		_, _, err := f.req.Engine.RemoveImage(t.Context(), snapshot.Tag("demo", "web", f.req.Snapshot.Key))
		assert.Check(t, err)
	})
	_, err := Run(t.Context(), f.req)
	assert.Error(t, err, "snapshot 0123456789ab was removed as soon as it was made")
	assert.Assert(t, len(hint.All(err)) == 1, "%v", hint.All(err))
}

// failLater makes the nth request to a path fail.
func failLater(f *fixture, path string, n int, message string) {
	f.Before("POST", path, func(*http.Request) {
		if f.Count("POST", path) == n-1 {
			f.Fail("POST", path, 500, message, 1)
		}
	})
}
