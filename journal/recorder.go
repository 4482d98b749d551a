// Package journal keeps what becomes of a bootstrap or an instance in one order, and reads it again: what its containers
// print, what the engine does to them, and what docker bmo does and sees itself. A Record is the file, a Keeper writes
// records of what this process starts and makes those of others whole, a View reads one.
//
// A Recorder is what error messages quote from: it splits output into lines as it comes, and remembers the last ones.
//
// This package is not API: it can change at any time. Programs use bmo.
package journal

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Line is one line of output.
type Line struct {
	Source string // a service, or "bmo" for docker bmo itself
	Text   string
}

// Recorder takes lines from several sources in the order in which they come. It is safe for concurrent use. A nil
// Recorder takes nothing, and all of its methods may be called.
type Recorder struct {
	mu   sync.Mutex
	show func(Line)
	tail map[string][]string
	open []*source
}

// TailLines is how many lines of each source are kept for error messages.
const TailLines = 20

// maxShown is how much of a line is shown and quoted, in bytes. The record has all of it.
const maxShown = 4 << 10

// cut ends a line of which more was printed than is shown.
const cut = " ... (the line goes on)"

// New returns a recorder that passes every line to show, which may be nil.
func New(show func(Line)) *Recorder {
	return &Recorder{show: show, tail: map[string][]string{}}
}

// Source returns a writer whose lines are taken under that name, and passed on to the other writers, also by a nil
// Recorder. A line is taken when it is complete, or when the source is closed; of one that is very long, only the
// beginning is. Each stream needs a source of its own: lines of two streams that share one are mixed up.
func (r *Recorder) Source(name string, also ...io.Writer) io.WriteCloser {
	if r == nil {
		r = New(nil) // of which nobody else knows
	}
	s := &source{recorder: r, name: name, also: also}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, s)
	return s
}

// Note takes a line of docker bmo itself.
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

// Flush takes lines that have no end yet.
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

// add takes a line; r.mu is held.
func (r *Recorder) add(name, text string) {
	l := Line{Source: name, Text: text}
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
	// cut reports that the line is longer than what is kept of it.
	cut bool
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
		s.keep(rest[:i])
		s.end()
		rest = rest[i+1:]
	}
	s.keep(rest)
	return len(b), nil
}

// keep adds to the line, up to what is shown of one; recorder.mu is held.
func (s *source) keep(b []byte) {
	room := max(maxShown-len(s.part), 0)
	s.cut = s.cut || len(b) > room
	s.part = append(s.part, b[:min(len(b), room)]...)
}

// Close takes a line that has no end.
func (s *source) Close() error {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.flush()
	s.recorder.open = slices.DeleteFunc(s.recorder.open, func(o *source) bool { return o == s })
	return nil
}

// end takes the line and passes it on; recorder.mu is held.
func (s *source) end() {
	line := string(bytes.TrimSuffix(s.part, []byte("\r")))
	if s.cut {
		line += cut
	}
	s.part, s.cut = s.part[:0], false
	s.recorder.add(s.name, line)
	for _, w := range s.also {
		_, _ = fmt.Fprintln(w, line) // showing it must not stop the work
	}
}

// flush takes an unfinished line; recorder.mu is held.
func (s *source) flush() {
	if len(s.part) > 0 {
		s.end()
	}
}
