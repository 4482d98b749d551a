package journal

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// LogLine is one line of a container's log, with the time that the engine gave it.
type LogLine struct {
	Time         time.Time
	Source, Text string
	// Stderr reports whether the line was written to standard error.
	Stderr bool
}

// Merger shows the logs of several containers, in which each line begins with its time, as one. It is safe for
// concurrent use.
type Merger struct {
	// Show is called for each line, never twice at the same time.
	Show func(LogLine)
	// Hold keeps all lines until Flush, which then shows them in the order of their times.
	Hold bool

	mu      sync.Mutex
	held    []LogLine
	writers []*mergerWriter
}

// Writer takes one stream of a container's log.
func (m *Merger) Writer(source string, stderr bool) io.Writer {
	w := &mergerWriter{merger: m, source: source, stderr: stderr}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writers = append(m.writers, w)
	return w
}

// Flush shows what was held back, and lines without an end.
func (m *Merger) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.writers {
		if w.part != "" {
			w.line(w.part)
			w.part = ""
		}
	}
	slices.SortStableFunc(m.held, func(a, b LogLine) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Source, b.Source))
	})
	for _, e := range m.held {
		m.Show(e)
	}
	m.held = nil
}

type mergerWriter struct {
	merger *Merger
	source string
	stderr bool
	part   string
}

func (w *mergerWriter) Write(b []byte) (int, error) {
	w.merger.mu.Lock()
	defer w.merger.mu.Unlock()
	lines := strings.Split(w.part+string(b), "\n")
	w.part = lines[len(lines)-1]
	for _, text := range lines[:len(lines)-1] {
		w.line(text)
	}
	return len(b), nil
}

// line takes a line without its end; w.merger.mu is held.
func (w *mergerWriter) line(text string) {
	e := LogLine{Source: w.source, Stderr: w.stderr, Text: strings.TrimSuffix(text, "\r")}
	if stamp, rest, ok := strings.Cut(e.Text, " "); ok {
		if t, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			e.Time, e.Text = t, rest
		}
	}
	if w.merger.Hold {
		w.merger.held = append(w.merger.held, e)
		return
	}
	w.merger.Show(e)
}
