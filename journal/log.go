package journal

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Entry is one line of a container's log, with the time that the engine gave it.
type Entry struct {
	Time         time.Time
	Source, Text string
	// Stderr tells which of the two streams the line was written to.
	Stderr bool
}

// Log gathers the logs of several containers, in which each line begins with its time, and shows them as one.
// It is safe for use by many at once.
type Log struct {
	// Show is called for each line, never twice at the same time.
	Show func(Entry)
	// Merge holds all lines back until Flush, and then shows them in the order of their times.
	Merge bool

	mu   sync.Mutex
	held []Entry
	last []*logWriter
}

// Writer takes one stream of a container's log.
func (l *Log) Writer(source string, stderr bool) io.Writer {
	w := &logWriter{l: l, source: source, stderr: stderr}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, w)
	return w
}

// Flush shows what was held back, and lines without an end.
func (l *Log) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.last {
		if w.part != "" {
			w.line(w.part)
			w.part = ""
		}
	}
	slices.SortStableFunc(l.held, func(a, b Entry) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Source, b.Source)) })
	for _, e := range l.held {
		l.Show(e)
	}
	l.held = nil
}

type logWriter struct {
	l      *Log
	source string
	stderr bool
	part   string
}

func (w *logWriter) Write(b []byte) (int, error) {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	lines := strings.Split(w.part+string(b), "\n")
	w.part = lines[len(lines)-1]
	for _, text := range lines[:len(lines)-1] {
		w.line(text)
	}
	return len(b), nil
}

// line takes a line without its end; w.l.mu is held.
func (w *logWriter) line(text string) {
	e := Entry{Source: w.source, Stderr: w.stderr, Text: strings.TrimSuffix(text, "\r")}
	if stamp, rest, ok := strings.Cut(e.Text, " "); ok {
		if t, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			e.Time, e.Text = t, rest
		}
	}
	if w.l.Merge {
		w.l.held = append(w.l.held, e)
		return
	}
	w.l.Show(e)
}
