// Package journal puts lines of output from several sources in one order: a Recorder as they come, for the log file and
// for error messages, a Merger by the times in an engine's logs. It is not part of the API: programs use package bmo.
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
	Source string // a service, or "bmo" for the steps of docker bmo itself
	Text   string
}

// Recorder records lines from several sources in the order in which they come. It is safe for concurrent use. A nil
// Recorder records nothing, and all of its methods may be called.
type Recorder struct {
	mu   sync.Mutex
	file io.Writer
	show func(Line)
	tail map[string][]string
	open []*source
}

// TailLines is how many lines of each source are kept for error messages.
const TailLines = 20

// New returns a recorder that writes every line to file and passes it to show; both may be nil.
func New(file io.Writer, show func(Line)) *Recorder {
	return &Recorder{file: file, show: show, tail: map[string][]string{}}
}

// Source returns a writer whose lines are recorded under that name, and passed on to the other writers, also by a nil
// Recorder. A line is recorded when it is complete, or when the source is closed. Each stream needs a source of its
// own: lines of two streams that share one are mixed up.
func (r *Recorder) Source(name string, also ...io.Writer) io.WriteCloser {
	if r == nil {
		r = New(nil, nil) // of which nobody else knows
	}
	s := &source{recorder: r, name: name, also: also}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, s)
	return s
}

// Note records a line of docker bmo itself.
func (r *Recorder) Note(format string, args ...any) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add("bmo", fmt.Sprintf(format, args...))
}

// Tail returns the last lines of a source, TailLines at most.
func (r *Recorder) Tail(name string) []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.open {
		if s.name == name {
			s.flush()
		}
	}
	return append([]string(nil), r.tail[name]...)
}

// Flush records lines that have no end yet.
func (r *Recorder) Flush() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.open {
		s.flush()
	}
}

// add records a line; r.mu is held.
func (r *Recorder) add(name, text string) {
	l := Line{Time: time.Now().UTC(), Source: name, Text: text}
	if r.file != nil {
		// A full disk must not stop the work that is written about.
		_, _ = fmt.Fprintf(r.file, "%s %s | %s\n", l.Time.Format("2006-01-02T15:04:05.000000Z"), l.Source, l.Text)
	}
	t := append(r.tail[name], text)
	if len(t) > TailLines {
		t = t[len(t)-TailLines:]
	}
	r.tail[name] = t
	if r.show != nil {
		r.show(l)
	}
}

// source splits what is written to it into lines.
type source struct {
	recorder *Recorder
	name     string
	also     []io.Writer
	part     []byte
}

func (s *source) Write(b []byte) (int, error) {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
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
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.flush()
	s.recorder.open = slices.DeleteFunc(s.recorder.open, func(o *source) bool { return o == s })
	return nil
}

// add records a line and passes it on; recorder.mu is held.
func (s *source) add(line []byte) {
	s.recorder.add(s.name, string(line))
	for _, w := range s.also {
		_, _ = fmt.Fprintf(w, "%s\n", line) // nor must showing it stop the work
	}
}

// flush records an unfinished line; recorder.mu is held.
func (s *source) flush() {
	if len(s.part) > 0 {
		s.add(s.part)
		s.part = nil
	}
}
