// Package journal keeps what containers print and what we do with them as one ordered stream of lines.
package journal

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Line is one line of output.
type Line struct {
	Time   time.Time
	Source string // a service, or "bmo" for our own steps
	Text   string
}

// Journal is an ordered stream of lines from several sources. It is safe for use by many at once.
type Journal struct {
	mu   sync.Mutex
	file io.Writer
	show func(Line)
	tail map[string][]string
	open []*source
}

// TailLines is how many lines of each source are at hand for error messages.
const TailLines = 20

// New returns a journal that writes every line to file and hands it to show; both may be nil.
func New(file io.Writer, show func(Line)) *Journal {
	return &Journal{file: file, show: show, tail: map[string][]string{}}
}

// Source returns a writer whose lines are recorded under that name, and handed on to the others. A line is recorded
// when it is complete, or when the source is closed. Each stream wants a source of its own: lines of two streams that
// share one are mixed up.
func (j *Journal) Source(name string, also ...io.Writer) io.WriteCloser {
	s := &source{j: j, name: name, also: also}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open = append(j.open, s)
	return s
}

// Note records a line of our own.
func (j *Journal) Note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add("bmo", fmt.Sprintf(format, args...))
}

// Tail returns the last lines of a source.
func (j *Journal) Tail(name string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.open {
		if s.name == name {
			s.flush()
		}
	}
	return append([]string(nil), j.tail[name]...)
}

// Flush records lines that have no end yet.
func (j *Journal) Flush() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.open {
		s.flush()
	}
}

// add records a line; j.mu is held.
func (j *Journal) add(name, text string) {
	l := Line{Time: time.Now().UTC(), Source: name, Text: text}
	if j.file != nil {
		// A full disk must not stop the work that is written about.
		_, _ = fmt.Fprintf(j.file, "%s %s | %s\n", l.Time.Format("2006-01-02T15:04:05.000000Z"), l.Source, l.Text)
	}
	t := append(j.tail[name], text)
	if len(t) > TailLines {
		t = t[len(t)-TailLines:]
	}
	j.tail[name] = t
	if j.show != nil {
		j.show(l)
	}
}

// source splits what it is given into lines.
type source struct {
	j    *Journal
	name string
	also []io.Writer
	part []byte
}

func (s *source) Write(b []byte) (int, error) {
	s.j.mu.Lock()
	defer s.j.mu.Unlock()
	rest := b
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		s.add(bytes.TrimSuffix(append(s.part, rest[:i]...), []byte("\r")))
		s.part, rest = nil, rest[i+1:]
	}
	s.part = append(s.part, rest...)
	return len(b), nil
}

// Close records a line that has no end.
func (s *source) Close() error {
	s.j.mu.Lock()
	defer s.j.mu.Unlock()
	s.flush()
	s.j.open = slices.DeleteFunc(s.j.open, func(o *source) bool { return o == s })
	return nil
}

// add records a line and hands it on; j.mu is held.
func (s *source) add(line []byte) {
	s.j.add(s.name, string(line))
	for _, w := range s.also {
		_, _ = fmt.Fprintf(w, "%s\n", line) // who shows it must not stop the work, either
	}
}

// flush records an unfinished line; j.mu is held.
func (s *source) flush() {
	if len(s.part) > 0 {
		s.add(s.part)
		s.part = nil
	}
}
