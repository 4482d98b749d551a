package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// stopGrace is how long services may take to end before they are killed; this is docker's own default.
const stopGrace = 10 * time.Second

// foreground follows the instances' logs until it is interrupted or one of them ends by itself, then removes them.
func foreground(ctx context.Context, dockerCli command.Cli, c place, list []*bmo.Instance, options runOptions) error {
	if options.format != "" {
		if err := printFormatted(dockerCli, list, options.format); err != nil {
			return errors.Join(err, c.Remove(ctx, list, bmo.StopOptions{}))
		}
	}
	out := &heldLines{w: dockerCli.Err()}
	return c.Follow(ctx, list, bmo.FollowOptions{
		Line: func(service, text string) { out.print(fmt.Sprintf("%s | %s\n", service, text)) },
		CaughtUp: func() { // printed after the lines of services that start up, or the address would scroll out of sight
			for _, inst := range list {
				if options.format == "" {
					fmt.Fprintln(dockerCli.Out(), inst.URL)
				}
				out.print(inst.Name + " is ready; Ctrl-C stops and removes it\n")
			}
		},
		End: func(reason error) {
			if errors.As(reason, new(interrupted)) && dockerCli.Err().IsTerminal() {
				out.print("\n") // after the ^C that was typed
			}
			stop(ctx, dockerCli, c, list, options, out)
		},
	})
}

// stop removes the instances and shows what their services print meanwhile.
func stop(ctx context.Context, dockerCli command.Cli, c place, list []*bmo.Instance, options runOptions, out *heldLines) {
	printer, err := options.printer(dockerCli, "Stopping")
	if err != nil {
		printer = nil // the mode was accepted at the start, and the instances must be removed in any case
	}
	out.hold() // it would get in between the display's own
	err = removeOrForce(ctx, c, list, bmo.StopOptions{Grace: stopGrace, Progress: printer})
	printer.Close()
	out.release()
	if err != nil {
		warn(dockerCli.Err(), err)
	}
}

// maxHeld is how many of the lines that are held back are printed afterwards.
const maxHeld = 1000

// heldLines prints lines, of several goroutines, and holds them back for a while.
type heldLines struct {
	w io.Writer

	mu    sync.Mutex
	held  bool
	lines []string // the last ones
	more  int      // before those
}

func (h *heldLines) print(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.held {
		fmt.Fprint(h.w, line)
		return
	}
	if len(h.lines) == 2*maxHeld { // to move them at each line would take its time
		h.drop()
	}
	h.lines = append(h.lines, line)
}

// drop leaves the last maxHeld lines; h.mu is held.
func (h *heldLines) drop() {
	if n := len(h.lines) - maxHeld; n > 0 {
		h.lines, h.more = slices.Delete(h.lines, 0, n), h.more+n
	}
}

func (h *heldLines) hold() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = true
}

func (h *heldLines) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.drop(); h.more > 0 {
		fmt.Fprintf(h.w, "%d lines more, which `docker bmo logs` shows\n", h.more)
	}
	for _, line := range h.lines {
		fmt.Fprint(h.w, line)
	}
	h.held, h.lines, h.more = false, nil, 0
}

// removeOrForce removes instances, and kills them when another signal comes meanwhile.
func removeOrForce(ctx context.Context, c place, list []*bmo.Instance, o bmo.StopOptions) error {
	came := arrived(ctx)
	if came != nil && errors.As(context.Cause(ctx), new(interrupted)) {
		<-came // the first one ends ctx a moment before it is there
	}
	forget(came)
	done := make(chan error, 1)
	go func() { done <- c.Remove(ctx, list, o) }()
	select {
	case err := <-done:
		return err
	case <-came:
		return errors.Join(c.Remove(ctx, list, bmo.StopOptions{}), <-done)
	}
}
