package e2e

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// A TCP connection succeeded, and the server behind it was not ready.
func TestStory09RunReturnsWhenReallyReady(t *testing.T) {
	for name, seen := range map[string]string{
		"DEMO_START_DELAY": "DEMO_START_DELAY: waiting 4 s",
		"DEMO_TCP_FIRST":   "DEMO_TCP_FIRST: waiting 4 s",
		"DEMO_ERROR_FIRST": "GET /rest/version 500",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newDemo(t, strings.ToLower(strings.ReplaceAll(name, "_", "-")), nil)
			// The second start on one database is the instance's own.
			i := a.run(t, "--set", name+"=4", "--set", "DEMO_FAULTS_FROM=2")
			returned := time.Now()
			i.tracker().answers(t)
			began := logged(t, i.Services["web"], seen) // the fault did happen
			if strings.Contains(seen, "waiting") {
				assert.Assert(t, returned.After(began.Add(4*time.Second)), "run returned before the application could answer")
			}
		})
	}
}

// What never becomes ready is told apart from what failed, says what was waited for, and is removed.
func TestStory09NotReadyInTime(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "never-ready", edits{"services.web.x-bmo.ready.timeout": "5s"})
	r := a.do(t, "run", "--detach", "--set", "DEMO_FAIL=503", "--set", "DEMO_FAULTS_FROM=2").
		fails(t, 124, "service web", "503", "\n > start web of "+a.name+"-", "GET /rest/version 503", " waiting for web: GET http://127.0.0.1:")
	assert.Equal(t, r.stdout, "")
	a.leavesNothing(t)
}

// What dies on its way is not waited for.
func TestStory09ServiceThatDies(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "dying", edits{"services.web.x-bmo.ready.timeout": "10m"})
	a.do(t, "run", "--detach", "--set", "DEMO_FAIL=503", "--set", "DEMO_EXIT_AFTER=1", "--set", "DEMO_FAULTS_FROM=2").
		fails(t, 125, "service web", "exit code 7", "DEMO_EXIT_AFTER: exiting")
	a.leavesNothing(t)
}
