package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// pipeDelay is how long what a command has left in the background may go on to write, once the command has ended.
const pipeDelay = time.Second

// shard is a command against one of several instances.
type shard struct {
	ending
	inst *bmo.Instance
}

// runShards runs a test command against each of several instances, at the same time, and removes each instance when its
// command has ended. What becomes of one does not end the others. The exit code is the highest one.
func runShards(ctx context.Context, dockerCli command.Cli, c place, list []*bmo.Instance, options runOptions) error {
	output := &keptApart{out: dockerCli.Out(), errOut: dockerCli.Err()}
	names := make([]string, len(list))
	for i, inst := range list {
		names[i] = inst.Name
	}
	colored := dockerCli.Out().IsTerminal() && os.Getenv("NO_COLOR") == ""
	signals := newFan(ctx)
	shards := make([]shard, len(list))
	var wg sync.WaitGroup
	for i, inst := range list {
		wg.Go(func() {
			own, done := signals.add(ctx)
			defer done()
			out, errOut := output.prefixed(namePrefix(inst.Name, i, widest(names), colored))
			cmd := testCommand(inst, options.command, shardEnvironment(i, len(list), os.LookupEnv))
			cmd.Stdout, cmd.Stderr = out, errOut
			shards[i] = runShard(own, dockerCli, c, inst, cmd)
			out.flush()
			errOut.flush()
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return summarize(dockerCli, shards, options.quiet)
}

// runShard runs one of the commands. It is in a process group of its own even on a terminal, which none of several can read
// from, so that one can be killed without the others.
func runShard(ctx context.Context, dockerCli command.Cli, c place, inst *bmo.Instance, cmd *exec.Cmd) shard {
	cmd.WaitDelay = pipeDelay
	err := ctx.Err()
	var lost error
	if err == nil {
		err, lost = withInstance(ctx, c, inst, startGroup(cmd, true), sayLost(dockerCli.Err()))
	}
	if rerr := c.Remove(ctx, []*bmo.Instance{inst}, bmo.StopOptions{}); rerr != nil {
		warn(dockerCli.Err(), rerr)
	}
	return shard{endingOf(ctx, cmd.Args[0], err, lost), inst}
}

// summarize says which of the commands failed, and returns the highest of their exit codes.
func summarize(dockerCli command.Cli, shards []shard, quiet bool) error {
	worst, failed := 0, 0
	for i, s := range shards {
		if s.code == 0 {
			continue
		}
		worst = max(worst, s.code)
		failed++
		record := ""
		if s.inst != nil {
			record = "; record: docker bmo logs " + s.inst.Name
		}
		fmt.Fprintf(dockerCli.Err(), "shard %d of %d failed: %s%s\n", i+1, len(shards), printable.Text(s.text), record)
	}
	if !quiet {
		fmt.Fprintf(dockerCli.Err(), "%d of %d shards succeeded\n", len(shards)-failed, len(shards))
	}
	if worst == 0 {
		return nil
	}
	return cli.StatusError{StatusCode: worst}
}
