package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// interrupted is the reason why a command's context ends on a signal.
type interrupted struct{ sig os.Signal }

func (i interrupted) Error() string { return "interrupted" }

// arrivedKey is where a command's context has its signals.
type arrivedKey struct{}

// withSignals cancels the command's context on an interrupt, a termination or a hang-up, and when nobody reads any more what
// it prints. It is also cancelled when the docker client exits. Each signal can be had from arrived.
func withSignals(cmd *cobra.Command, dockerCli command.Cli) error {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	signals, came := make(chan os.Signal, 4), make(chan os.Signal, 16)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	arrive := func(sig os.Signal) {
		cancel(interrupted{sig})
		select {
		case came <- sig:
		default: // so many say nothing more
		}
	}
	go func() {
		for sig := range signals {
			arrive(sig)
		}
	}()
	cmd.SetContext(context.WithValue(ctx, arrivedKey{}, (<-chan os.Signal)(came)))
	return withoutReader(dockerCli, func() {
		if ctx.Err() == nil { // else the reader has got the same Ctrl-C, and nobody is impatient
			arrive(syscall.SIGPIPE)
		}
	})
}

// arrived returns the signals that have come and have not been taken yet; nil, which never has any, without withSignals.
func arrived(ctx context.Context) <-chan os.Signal {
	came, _ := ctx.Value(arrivedKey{}).(<-chan os.Signal)
	return came
}

// forget takes the signals that have come so far.
func forget(came <-chan os.Signal) {
	for {
		select {
		case <-came:
		default:
			return
		}
	}
}

// fan passes each signal on to all commands that run.
type fan struct {
	mu   sync.Mutex
	next int
	each map[int]chan os.Signal
}

// newFan passes on the signals of a context.
func newFan(ctx context.Context) *fan {
	f := &fan{each: map[int]chan os.Signal{}}
	came := arrived(ctx)
	if came == nil {
		return f
	}
	go func() {
		for sig := range came {
			f.mu.Lock()
			for _, c := range f.each {
				select {
				case c <- sig:
				default: // so many say nothing more
				}
			}
			f.mu.Unlock()
		}
	}()
	return f
}

// add returns a context whose signals are those that come from now on, until the caller calls done. One that came before
// has ended ctx.
func (f *fan) add(ctx context.Context) (with context.Context, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, c := f.next, make(chan os.Signal, 16)
	f.next++
	f.each[id] = c
	return context.WithValue(ctx, arrivedKey{}, (<-chan os.Signal)(c)), func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.each, id)
	}
}
