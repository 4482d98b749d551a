package main

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// head is a pipe whose reader goes when it has read a text.
type head struct {
	mu   sync.Mutex
	read bytes.Buffer
	text string
	wait func() // before each write; may be nil
}

func (h *head) Write(b []byte) (int, error) {
	if h.wait != nil {
		h.wait()
	}
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

// TestReaderGoesOfFailure: what is printed late, after the failure that it tells of, ends the command no less.
func TestReaderGoesOfFailure(t *testing.T) {
	x := newTerminal(t)
	pipe := &head{wait: func() {
		for range 100 {
			if x.Count("POST", "/grpc") > 0 { // which the fake refuses
				time.Sleep(50 * time.Millisecond)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}}
	top := underDocker(newRootCommand(x.cli(t, pipe, pipe)))
	top.SetArgs([]string{"bmo", "build", "--stack", x.file, "--progress", "plain"})
	err := top.ExecuteContext(t.Context())
	assert.Equal(t, report(io.Discard, err), exitBrokenPipe, "%v", err)
}
