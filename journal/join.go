package journal

import (
	"bytes"
	"io"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// maxLine is how long a line may become until it is kept in pieces: whatever is printed, memory is bounded.
const maxLine = 1 << 20

// joiner puts the messages of a container's log together to lines, without those that have been taken already.
type joiner struct {
	service, container string
	add                func(Entry)
	// skip is where the streams stand.
	skip map[bool]cursor
	part map[bool]*part
}

// part is the beginning of a line.
type part struct {
	at   time.Time
	text []byte
	n    int
}

func (s *state) joiner(service, container string, add func(Entry)) (j *joiner, since time.Time) {
	since, out, err := s.since(container)
	return &joiner{
		service: service, container: container, add: add,
		skip: map[bool]cursor{false: out, true: err}, part: map[bool]*part{false: {}, true: {}},
	}, since
}

func (j *joiner) take(m engine.Message) {
	c := j.skip[m.Stderr]
	switch {
	case m.Time.Before(c.at):
		return
	case m.Time.Equal(c.at) && c.n > 0:
		c.n--
		j.skip[m.Stderr] = c
		return
	}
	p := j.part[m.Stderr]
	if p.n == 0 {
		p.at = m.Time
	}
	p.n++
	p.text = append(p.text, m.Text...)
	if !m.More || len(p.text) >= maxLine {
		j.put(m.Stderr, m.More)
	}
}

// put hands over what there is of a line.
func (j *joiner) put(stderr, more bool) {
	p := j.part[stderr]
	if p.n == 0 {
		return
	}
	e := Entry{
		Time: p.at, Kind: KindLine, Service: j.service, Container: j.container, Stderr: stderr, Text: string(p.text), More: more,
	}
	if p.n > 1 {
		e.Messages = p.n
	}
	j.add(e)
	p.text, p.n = p.text[:0], 0
}

// end hands over lines without an end: the container will not print any more.
func (j *joiner) end() {
	j.put(false, false)
	j.put(true, false)
}

// Writer returns what takes the output of a command that is run in a service: the engine keeps it in no log. Close ends
// the last line.
func (r *Record) Writer(service string, stderr bool) io.WriteCloser {
	if r == nil {
		return nothing{}
	}
	j := &joiner{service: service, add: r.Add, skip: map[bool]cursor{}, part: map[bool]*part{false: {}, true: {}}}
	return &lines{joiner: j, record: r, stderr: stderr}
}

type lines struct {
	joiner *joiner
	record *Record
	stderr bool
}

func (l *lines) Write(b []byte) (int, error) {
	now := l.record.now()
	for rest := b; len(rest) > 0; {
		line, after, end := bytes.Cut(rest, []byte("\n"))
		for len(line) > maxLine {
			l.joiner.take(engine.Message{Time: now, Stderr: l.stderr, Text: line[:maxLine], More: true})
			line = line[maxLine:]
		}
		l.joiner.take(engine.Message{Time: now, Stderr: l.stderr, Text: line, More: !end})
		rest = after
	}
	return len(b), nil
}

func (l *lines) Close() error {
	l.joiner.end()
	return nil
}

type nothing struct{}

func (nothing) Write(b []byte) (int, error) { return len(b), nil }
func (nothing) Close() error                { return nil }
