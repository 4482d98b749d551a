package main

import (
	"bytes"
	"io"
	"sync"
)

// keptApart writes what several write at the same time to two streams, which may be one terminal, as whole lines.
type keptApart struct {
	out, errOut io.Writer
	mu          sync.Mutex
}

// longestLine is how much of a line without an end is held back.
const longestLine = 64 << 10

// prefixed returns writers of one of them, to standard output and standard error, which put a prefix before each line. What
// has no end of a line yet is written by flush.
func (k *keptApart) prefixed(prefix string) (out, errOut *prefixWriter) {
	return &prefixWriter{k: k, w: k.out, prefix: prefix}, &prefixWriter{k: k, w: k.errOut, prefix: prefix}
}

// prefixWriter writes whole lines after a prefix.
type prefixWriter struct {
	k      *keptApart
	w      io.Writer
	prefix string
	rest   []byte
}

// Write writes the lines that are whole by now. A part of a line that grows too long becomes a line of its own.
func (p *prefixWriter) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	end := bytes.LastIndexByte(p.rest, '\n') + 1
	if end == 0 && len(p.rest) < longestLine {
		return len(b), nil
	}
	var lines bytes.Buffer
	for line := range bytes.Lines(p.rest[:end]) {
		lines.WriteString(p.prefix)
		lines.Write(line)
	}
	p.rest = p.rest[end:]
	if len(p.rest) >= longestLine {
		lines.WriteString(p.prefix)
		lines.Write(p.rest)
		lines.WriteByte('\n')
		p.rest = nil
	}
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	if _, err := p.w.Write(lines.Bytes()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// flush writes what is left without an end of a line, as a line.
func (p *prefixWriter) flush() {
	if len(p.rest) > 0 {
		_, _ = p.Write([]byte("\n"))
	}
}
