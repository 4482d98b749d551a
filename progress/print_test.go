//go:build unix

package progress

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"gotest.tools/v3/assert"
)

// TestPrintPlain: printed at once, between the lines of the display, and safe together with them (-race).
func TestPrintPlain(t *testing.T) {
	var out bytes.Buffer
	p, err := New(&out, "plain", "")
	assert.NilError(t, err)
	assert.NilError(t, p.Step(t.Context(), "a step", func(_ context.Context, log *Log) error {
		fmt.Fprintln(log, "a line")
		p.Print("warning: first\n")
		return nil
	}))
	p.Close()
	p.Print("after\n")
	text := out.String()
	assert.Assert(t, strings.Contains("\n"+text, "\nwarning: first\n"), text)
	assert.Assert(t, strings.Contains(text, "a line\n"), text)
	assert.Assert(t, strings.HasSuffix(text, "\nafter\n"), text)
}

// TestPrintOnTerminal: printed below the display, which would garble it and be garbled.
func TestPrintOnTerminal(t *testing.T) {
	shown(t, 60, 12, func(ctx context.Context, p *Printer, s *screen) {
		assert.NilError(t, p.Step(ctx, "a step", func(context.Context, *Log) error {
			p.Print("warning: first\nhint: second\n")
			return nil
		}))
		synctest.Wait()
		assert.Assert(t, !strings.Contains(s.text(), "warning"), s.text())
		p.Close()
		text := s.text()
		assert.Assert(t, strings.HasSuffix(text, "0.0s\nwarning: first\nhint: second\n"), text)
	})
}
