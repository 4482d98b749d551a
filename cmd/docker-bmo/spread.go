package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// connectAll returns a client of the engine that makes the snapshot: docker's own, or that of the first of several contexts
// whose engine answers. The others become o.also. A context that does not exist is an error.
func (o *runOptions) connectAll(ctx context.Context, dockerCli command.Cli) (*bmo.Client, error) {
	if len(o.contexts) == 0 {
		return o.connect(ctx, dockerCli)
	}
	o.messages = &messages{w: dockerCli.Err()}
	var first *bmo.Client
	var errs []error
	for _, name := range o.contexts {
		c, _, err := o.messages.connectTo(ctx, dockerCli, name)
		switch {
		case errdefs.IsNotFound(err):
			return nil, err
		case err != nil:
			errs = append(errs, fmt.Errorf("context %s: %w", name, err))
		case first != nil:
			o.also = append(o.also, c)
		default:
			o.begin(ctx, dockerCli, c)
			first = c
		}
	}
	if first == nil {
		return nil, coded{errors.Join(errs...), exitEngine}
	}
	for _, err := range errs {
		warn(dockerCli.Err(), fmt.Errorf("an engine is left out: %w", err))
	}
	return first, nil
}

// spread is a command that runs against several instances on several engines.
type spread struct {
	runOptions
	dockerCli command.Cli
	output    *keptApart
	signals   *fan

	mu     sync.Mutex
	shards []shard // how each one ended last
}

// runSpread runs a test command against each of several instances on several engines, and removes each instance when its
// command has ended. What was running on an engine that is lost is run again on another one.
func runSpread(ctx context.Context, dockerCli command.Cli, options runOptions) error {
	run, err := options.run()
	if err != nil {
		return coded{err, exitEngine}
	}
	c, st, err := options.clientAndStack(ctx, dockerCli)
	if err != nil {
		return coded{err, exitEngine}
	}
	if options.mode() == "auto" {
		options.progress = "plain" // what the commands print comes in between
	}
	if run.Progress, err = options.printer(dockerCli, "Running"); err != nil {
		return coded{err, exitEngine}
	}
	s := &spread{
		runOptions: options, dockerCli: dockerCli, output: &keptApart{out: dockerCli.Out(), errOut: dockerCli.Err()},
		signals: newFan(ctx), shards: make([]shard, options.number),
	}
	tests := make([]string, options.number)
	for i := range tests {
		tests[i] = fmt.Sprintf("shard %d", i+1)
	}
	results, err := c.Test(ctx, st, bmo.TestOptions{RunOptions: run, Also: options.also, Tests: tests, FreshEach: true, Do: s.do})
	run.Progress.Close()
	if results == nil {
		return coded{err, exitEngine}
	}
	return s.finish(ctx, results, err)
}

// do runs the command once.
func (s *spread) do(ctx context.Context, run bmo.TestRun) error {
	ctx, done := s.signals.add(ctx)
	defer done()
	colored := s.dockerCli.Out().IsTerminal() && os.Getenv("NO_COLOR") == ""
	out, errOut := s.output.prefixed(namePrefix(run.Instance.Name, run.Index, len(run.Instance.Name), colored))
	cmd := testCommand(run.Instance, s.command, shardEnvironment(run.Index, s.number, os.LookupEnv))
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, errOut, pipeDelay
	err := ctx.Err()
	var lost error
	if err == nil {
		err, lost = withInstance(ctx, run.Client, run.Instance, startGroup(cmd, true), sayLost(errOut))
	}
	out.flush()
	errOut.flush()
	end := endingOf(ctx, cmd.Args[0], err, lost)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shards[run.Index] = shard{end, run.Instance}
	if end.code == 0 {
		return nil
	}
	return errors.New(end.text)
}

// finish says what became of the shards, and returns the exit code.
func (s *spread) finish(ctx context.Context, results []bmo.TestResult, unrun error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var ran []shard
	for i, r := range results {
		for _, a := range r.Attempts {
			if a.Lost != nil {
				fmt.Fprintf(s.dockerCli.Err(), "shard %d of %d was lost with the engine that %s was on, and has run again: %s\n",
					i+1, len(results), a.Instance, printable.Text(a.Lost.Error()))
			}
		}
		if len(r.Attempts) == 0 || r.Attempts[len(r.Attempts)-1].Lost != nil {
			s.shards[i].ending = ending{exitEngine, "it was not run to its end"}
		}
		ran = append(ran, s.shards[i])
	}
	err := summarize(s.dockerCli, ran, s.quiet)
	if unrun != nil {
		return coded{unrun, exitEngine}
	}
	return err
}
