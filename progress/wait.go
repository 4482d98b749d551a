package progress

import (
	"fmt"
	"time"

	"github.com/docker/go-units"
	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	digest "github.com/opencontainers/go-digest"
)

const (
	patience      = time.Second      // what ends sooner does not get a row
	plainPatience = 3 * time.Second  // nor a line, which cannot be taken back
	hold          = 3 * time.Second  // how long a reason is shown at least before another replaces it
	repeat        = 10 * time.Second // how often plain mode repeats what is still waited for
)

// awaited is what is waited for, why it is not there yet and, where that can be counted in bytes, how much of it is.
type awaited struct {
	what, why   string
	done, total int64
}

// wait shows what a step waits for. On a terminal that is a row below the step, with a clock of its own, and the
// reasons are lines of the step; in plain mode it is all one line, which is repeated from time to time.
type wait struct {
	step  digest.Digest
	mode  progressui.DisplayMode
	now   awaited
	since time.Time // when the waiting began
	shown awaited   // what was shown last; empty if nothing was
	said  time.Time
}

// set sets what is waited for, which say will show; empty if the wait is over.
func (w *wait) set(now time.Time, a awaited) *bkclient.SolveStatus {
	if a.what == w.now.what {
		w.now = a
		return nil
	}
	var end *bkclient.SolveStatus
	if w.shown.what != "" && w.mode != progressui.PlainMode {
		end = status(w.row(now, true))
	}
	*w = wait{step: w.step, mode: w.mode, now: a, since: now}
	return end
}

// say returns what to show by now, or nil for nothing.
func (w *wait) say(now time.Time) *bkclient.SolveStatus {
	if !w.due(now) {
		return nil
	}
	s := &bkclient.SolveStatus{}
	if w.mode == progressui.PlainMode {
		s.Logs = w.line(now, w.now.plain(now.Sub(w.since)))
	} else if w.now.why != "" && w.now.why != w.shown.why {
		s.Logs = w.line(now, w.now.why)
	}
	w.shown, w.said = w.now, now
	if w.mode != progressui.PlainMode {
		s.Statuses = []*bkclient.VertexStatus{w.row(now, false)}
	}
	return s
}

func (w *wait) due(now time.Time) bool {
	plain := w.mode == progressui.PlainMode
	switch {
	case w.now.what == "" || now.Sub(w.since) < patience || plain && now.Sub(w.since) < plainPatience:
		return false
	case w.shown.what == "":
		return true
	case w.now.why != w.shown.why && w.now.why != "":
		return w.shown.why == "" || now.Sub(w.said) >= hold
	case plain:
		return now.Sub(w.said) >= repeat
	default: // the row's clock runs by itself
		return w.now.done != w.shown.done
	}
}

// plain returns all of it in one line.
func (a awaited) plain(took time.Duration) string {
	text := a.what
	if a.why != "" {
		text += ": " + a.why
	}
	if a.total > 0 {
		text += fmt.Sprintf(": %s of %s", units.HumanSize(float64(a.done)), units.HumanSize(float64(a.total)))
	}
	return fmt.Sprintf("%s (%s)", text, took.Round(time.Second))
}

func (w *wait) line(now time.Time, text string) []*bkclient.VertexLog {
	return []*bkclient.VertexLog{{Vertex: w.step, Stream: 1, Data: []byte(text + "\n"), Timestamp: now}}
}

func (w *wait) row(now time.Time, end bool) *bkclient.VertexStatus {
	r := row(w.step, w.shown.what, w.since, now, end)
	r.Current, r.Total = w.now.done, w.now.total
	return r
}

// row returns a line of its own below a step, with the time that it took so far or until its end.
func row(step digest.Digest, text string, since, now time.Time, end bool) *bkclient.VertexStatus {
	s := &bkclient.VertexStatus{ID: text, Vertex: step, Timestamp: now, Started: &since}
	if end {
		s.Completed = &now
	}
	return s
}
