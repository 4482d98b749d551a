package e2e

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// Web and MySQL started together, and web met a MySQL that was not there yet. The demo's web service, like BMO's, does
// not start without its database.
func TestStory05WebStartsWhenTheDatabaseAnswers(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "slow-db", edits{
		"services.db.entrypoint": []string{"bash", "-c", `sleep 3; echo "late at $(date +%s.%N)"; exec docker-bmo-mysql "$@"`, "db"},
		"services.db.command":    []string{"--defaults-file=/etc/docker-bmo/low.cnf"},
	})
	i := a.run(t)
	i.tracker().answers(t)

	started, err := time.Parse(time.RFC3339Nano, inspect(t, i.Services["web"]).State.StartedAt)
	assert.NilError(t, err)
	late := logged(t, i.Services["db"], `late at`)
	assert.Assert(t, started.After(late), "web started at %s, MySQL at %s", started, late)
	serving := logged(t, i.Services["db"], `ready for connections.* port: 3306`)
	assert.Assert(t, started.After(serving), "web started at %s, MySQL served at %s", started, serving)
}
