package progress

import (
	"time"

	bkclient "github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// silence notices when there has been nothing to show for a long time although something is running: a command of a
// Dockerfile that prints nothing, for example.
type silence struct {
	last time.Time // when there was last something to show
	open map[digest.Digest]*running
}

// running is a step or vertex in progress.
type running struct {
	since time.Time // by our clock, not that of an engine elsewhere
	said  time.Time // when "still running" was last shown
}

func newSilence() silence {
	return silence{last: time.Now(), open: map[digest.Digest]*running{}}
}

// observe records what is about to be shown.
func (q *silence) observe(s *bkclient.SolveStatus, now time.Time) {
	if len(s.Logs)+len(s.Statuses) > 0 {
		q.last = now
	}
	for _, v := range s.Vertexes {
		r := q.open[v.Digest]
		switch {
		case v.Started != nil && v.Completed == nil && r == nil:
			q.open[v.Digest] = &running{since: now}
			q.last = now
		case v.Completed != nil && r != nil:
			delete(q.open, v.Digest)
			q.last = now
			if now.Sub(r.said) < patience {
				// The display would take the two for one, and forget that the step is done.
				s.Statuses = append(s.Statuses, r.row(v.Digest, now, true))
			}
		}
	}
}

// interrupt returns a row that something is still running, if nothing has been shown for a long time: each time for the
// step or vertex that has been silent longest.
func (q *silence) interrupt(now time.Time) *bkclient.SolveStatus {
	if now.Sub(q.last) < repeat {
		return nil
	}
	var id digest.Digest
	for d, r := range q.open {
		if id == "" || r.heard().Before(q.open[id].heard()) || r.heard().Equal(q.open[id].heard()) && d < id {
			id = d
		}
	}
	if id == "" {
		return nil
	}
	q.open[id].said = now
	return status(q.open[id].row(id, now, false))
}

// heard returns when it was last shown.
func (r *running) heard() time.Time {
	if r.said.IsZero() {
		return r.since
	}
	return r.said
}

func (r *running) row(id digest.Digest, now time.Time, end bool) *bkclient.VertexStatus {
	return row(id, "still running", r.since, now, end)
}

func status(rows ...*bkclient.VertexStatus) *bkclient.SolveStatus {
	return &bkclient.SolveStatus{Statuses: rows}
}
