package progress

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
	digest "github.com/opencontainers/go-digest"

	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// Step shows fn as a step called name, from its start to its end. If fn fails, its error is shown as the step's, and
// returned.
func (p *Printer) Step(ctx context.Context, name string, fn func(ctx context.Context, log *Log) error) error {
	if p == nil {
		return fn(ctx, &Log{})
	}
	start := time.Now()
	log := p.newLog()
	v := bkclient.Vertex{Digest: log.id, Name: name, Started: &start}
	p.vertex(v)
	err := fn(ctx, log)
	log.SetStatus("", "")
	end := time.Now()
	v.Completed = &end
	switch {
	case err != nil && ctx.Err() != nil:
		v.Error = context.Canceled.Error() // from which the display knows that it was cancelled and did not fail
	case err != nil:
		v.Error = firstLine(err)
	}
	p.vertex(v)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = slices.DeleteFunc(p.open, func(o *Log) bool { return o == log })
	return err
}

// firstLine returns an error's message without what it quotes, which is among the step's lines.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(line, "; its last lines:")
}

func (p *Printer) vertex(v bkclient.Vertex) {
	p.Write(&bkclient.SolveStatus{Vertexes: []*bkclient.Vertex{&v}})
}

// Log receives a step's lines and status. It is safe for concurrent use.
type Log struct {
	p    *Printer
	id   digest.Digest
	wait wait // p.mu guards it
}

func (p *Printer) newLog() *Log {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps++
	l := &Log{p: p, id: digest.FromString(fmt.Sprintf("docker-bmo step %d", p.steps))}
	l.wait = wait{step: l.id, mode: p.mode}
	p.open = append(p.open, l)
	return l
}

// Write shows lines of the step.
func (l *Log) Write(b []byte) (int, error) {
	l.p.Write(&bkclient.SolveStatus{Logs: []*bkclient.VertexLog{{
		Vertex: l.id, Stream: 1, Data: append([]byte(nil), b...), Timestamp: time.Now(),
	}}})
	return len(b), nil
}

// Visible reports whether somebody sees the step's lines. If the step fails, the last ones are shown again at the end,
// and its error need not quote them.
func (l *Log) Visible() bool { return l.p.Visible() }

// Note shows a line that stays, even on a terminal, where a step's other lines disappear when it ends.
func (l *Log) Note(text string) {
	if l.p == nil || l.p.mode != progressui.TtyMode {
		fmt.Fprintln(l, printable.Text(text))
		return
	}
	now := time.Now()
	l.p.Write(status(row(l.id, text, now, now, true)))
}

// SetStatus shows what the step waits for, in words like "waiting for the database", why that is not there yet, and how
// long the wait has taken, unless that is negligible. Another status replaces it, and an empty one ends it.
func (l *Log) SetStatus(what, why string) { l.await(awaited{what: what, why: why}) }

// SetBytes is like SetStatus for something with a known number of bytes, of which done are done.
func (l *Log) SetBytes(what string, done, total int64) {
	l.await(awaited{what: what, done: done, total: total})
}

func (l *Log) await(a awaited) {
	if l.p == nil {
		return
	}
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.send(l.wait.set(time.Now(), a))
}
