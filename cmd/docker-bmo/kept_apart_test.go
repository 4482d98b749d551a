package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// TestLinesAreKeptApart: several write at the same time, a few bytes each, and no line is torn.
func TestLinesAreKeptApart(t *testing.T) {
	var both bytes.Buffer // a terminal is both streams
	k := &keptApart{out: &both, errOut: &both}
	var wg sync.WaitGroup
	for name := range strings.SplitSeq("abcd", "") {
		out, errOut := k.prefixed(name + " | ")
		for _, w := range []*prefixWriter{out, errOut} {
			wg.Go(func() {
				for range 200 {
					for _, part := range []string{name, name + name, name + "\n" + name, "\n"} {
						_, err := w.Write([]byte(part))
						assert.Check(t, err)
					}
				}
				_, err := w.Write([]byte(name))
				assert.Check(t, err)
				w.flush()
			})
		}
	}
	wg.Wait()
	counts := map[string]int{}
	for line := range strings.Lines(both.String()) {
		counts[line]++
	}
	want := map[string]int{}
	for name := range strings.SplitSeq("abcd", "") {
		want[fmt.Sprintf("%s | %s\n", name, strings.Repeat(name, 4))] = 2 * 200
		want[fmt.Sprintf("%s | %s\n", name, name)] = 2*200 + 2
	}
	assert.DeepEqual(t, counts, want)
}

// TestLineWithoutAnEnd takes bounded memory, and is written in pieces that are lines.
func TestLineWithoutAnEnd(t *testing.T) {
	var b bytes.Buffer
	out, _ := (&keptApart{out: &b, errOut: &b}).prefixed("a | ")
	piece := bytes.Repeat([]byte("x"), 1000)
	for range 200 {
		_, err := out.Write(piece)
		assert.NilError(t, err)
		assert.Assert(t, len(out.rest) < longestLine)
	}
	out.flush()
	out.flush()
	got := 0
	for line := range strings.Lines(b.String()) {
		text, found := strings.CutPrefix(line, "a | ")
		assert.Assert(t, found && strings.HasSuffix(text, "\n"))
		got += len(text) - 1
	}
	assert.Equal(t, got, 200_000)
}
