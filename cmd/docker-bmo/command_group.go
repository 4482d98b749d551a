package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// commandGrace is how long a test command may take to end after a signal, before it and all that it started is killed.
var commandGrace = 10 * time.Second

// signalDelay is how long to wait for the signal itself when the docker client has ended: both may have got it.
const signalDelay = 200 * time.Millisecond

// commandGroup is a test command with the processes that it starts. Without a terminal, and next to others, they are a
// process group of their own, to which signals are passed on. Alone on a terminal they are in ours, since only that one can
// read from it and gets what is typed.
type commandGroup struct {
	*exec.Cmd
	own   bool
	began time.Time
	done  chan error // how it ended
}

// newCommandGroup starts a command that is the only one. A failure to start it is how it ended.
func newCommandGroup(cmd *exec.Cmd) *commandGroup { return startGroup(cmd, !onTerminal()) }

// startGroup starts a command, with a process group of its own if that is asked for.
func startGroup(cmd *exec.Cmd, own bool) *commandGroup {
	g := &commandGroup{Cmd: cmd, own: own, began: time.Now(), done: make(chan error, 1)}
	started := make(chan struct{})
	go func() {
		err := g.start()
		close(started)
		if err == nil {
			err = cmd.Wait()
		}
		g.done <- err
	}()
	<-started
	return g
}

// wait returns how the command ended. It passes on each signal once, as it came. After commandGrace, or when a signal comes
// again, or when what the signal has left does not end with the command, the group is killed. An end of ctx without a
// signal, a reader that has gone, and anything in gone, are a termination.
func (g *commandGroup) wait(ctx context.Context, came <-chan os.Signal, gone <-chan error) error {
	passed := map[os.Signal]bool{}
	var late <-chan time.Time
	pass := func(sig os.Signal) {
		if sig == syscall.SIGPIPE {
			sig = terminate // many programs are deaf to the other one, and it is ours alone
		}
		if passed[sig] {
			g.kill()
			return
		}
		if late == nil {
			late = time.After(commandGrace)
		}
		passed[sig] = true
		g.pass(sig)
	}
	ended, orphaned := ctx.Done(), (<-chan time.Time)(nil)
	for {
		select {
		case err := <-g.done:
			if len(passed) > 0 {
				g.kill() // what it has started and the signal has not ended
			}
			return err
		case sig := <-came:
			orphaned = nil
			pass(sig)
		case <-ended:
			ended = nil
			if !errors.As(context.Cause(ctx), new(interrupted)) || came == nil {
				orphaned = time.After(signalDelay)
			}
		case <-orphaned:
			orphaned = nil
			if len(passed) == 0 {
				pass(terminate)
			}
		case <-gone:
			gone = nil
			if len(passed) == 0 {
				pass(terminate)
			}
		case <-late:
			g.kill()
		}
	}
}
