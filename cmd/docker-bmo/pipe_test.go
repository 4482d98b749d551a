package main

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"
)

// head is a pipe whose reader goes when it has read a text.
type head struct {
	mu   sync.Mutex
	read bytes.Buffer
	text string
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.text == "" || strings.Contains(h.read.String(), h.text) {
		return 0, syscall.EPIPE
	}
	return h.read.Write(b)
}

// TestReaderGoes: `docker bmo run | head` leaves nothing on the engine.
func TestReaderGoes(t *testing.T) {
	for _, c := range []struct {
		name, text string // of standard output and error
		args       []string
	}{
		{"foreground", "\n", []string{"run", "--progress", "quiet"}},
		{"at once", "", []string{"run", "--progress", "plain"}},
		{"command", "tick\n", []string{"run", "-n", "2", "--progress", "quiet", "--", "sh", "-c", "while echo tick; do sleep 0.01; done"}},
		{"build", "", []string{"build", "--no-cache", "--progress", "plain"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newTerminal(t)
			x.current()
			images := len(x.Objects())
			pipe := &head{text: c.text}
			top := underDocker(newRootCommand(x.cli(t, pipe, pipe)))
			top.SetArgs(append([]string{"bmo", c.args[0], "--stack", x.file}, c.args[1:]...))
			err := top.ExecuteContext(t.Context())
			var said bytes.Buffer
			assert.Equal(t, report(&said, err), exitBrokenPipe, "%v", err)
			assert.Equal(t, said.String(), "")
			assert.Equal(t, len(x.Objects()), images, "%v", x.Objects())
		})
	}
}
