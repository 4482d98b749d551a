package e2e

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Web and MySQL started together, and web met a MySQL that was not there yet. The demo's web service, like BMO's, does
// not start without its database.
func TestWebStartsWhenTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	a := harness.NewDemo(t, "slow-db", harness.Edits{
		"services.db.entrypoint": []string{"bash", "-c", `sleep 3; echo "late at $(date +%s.%N)"; exec docker-bmo-mysql "$@"`, "db"},
		"services.db.command":    []string{"--defaults-file=/etc/docker-bmo/low.cnf"},
	})
	i := a.Run(t)
	i.Tracker().Answers(t)

	started, err := time.Parse(time.RFC3339Nano, harness.Inspect(t, i.Services["web"]).State.StartedAt)
	assert.NilError(t, err)
	late := harness.Logged(t, i.Services["db"], `late at`)
	assert.Assert(t, started.After(late), "web started at %s, MySQL at %s", started, late)
	serving := harness.Logged(t, i.Services["db"], `ready for connections.* port: 3306`)
	assert.Assert(t, started.After(serving), "web started at %s, MySQL served at %s", started, serving)
}

// A TCP connection succeeded, and the server at the other end was not ready.
func TestRunReturnsWhenReallyReady(t *testing.T) {
	a, _ := demo(t)
	for name, seen := range map[string]string{
		"DEMO_START_DELAY": "DEMO_START_DELAY: waiting 4 s",
		"DEMO_TCP_FIRST":   "DEMO_TCP_FIRST: waiting 4 s",
		"DEMO_ERROR_FIRST": "GET /rest/version 500",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := a.Run(t, "-e", name+"=4")
			returned := time.Now()
			i.Tracker().Answers(t)
			began := harness.Logged(t, i.Services["web"], seen) // the fault did happen
			if strings.Contains(seen, "waiting") {
				assert.Assert(t, returned.After(began.Add(4*time.Second)), "run returned before the application could answer")
			}
		})
	}
}

// The wait is bounded as a whole, whatever the stack says. What does not become ready in time is told apart from what
// failed, says what was waited for, and is removed.
func TestWaitTimeout(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "late", harness.Edits{"services.web.x-bmo.ready.timeout": "10m"})
	a.Build(t)
	r := a.Do(t, "run", "-d", "-e", "MINI_FAULT=ill", "--wait-timeout", "6").Fails(t, 124, "service web: not ready after 6",
		"500", "\n > start web of "+a.Name+"-", " serving\n", " waiting for web: GET http://127.0.0.1:")
	assert.Equal(t, r.Stdout, "")
	a.LeavesNothing(t)
}
