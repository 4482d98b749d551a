package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newPoolUpCommand(dockerCli command.Cli) *cobra.Command {
	var options poolOptions
	cmd := &cobra.Command{
		Use:   "up [OPTIONS]",
		Short: "Start instances that wait, paused, for a run",
		Long: `Start instances that wait, paused, for a run.

"docker bmo run" with the same stack, flavor, environment and profiles takes one
of them instead of starting its own, which is done in a moment, and another one
is started in the background. They take memory, but no processor time. When the
application has changed, the next run replaces those that wait.

On a cluster nothing can be paused: what waits there is idle, and holds what it
has asked for. So a pool ends there by itself when no run has used it for eight
hours.

A pool that is there gets the new size. Prints the pool's identifier.`,
		Example: `  docker bmo pool up --size 4 --stack demo
  docker bmo run -d --stack demo
  docker bmo pool up --size 2 --stack demo --on kubernetes
  docker bmo pool ls
  docker bmo pool down --all`,
		Args:              noStackArgument,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runPoolUp(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addPoolFlags(cmd)
	cmd.Flags().IntVarP(&options.size, "size", "n", 1, "Number of instances that wait")
	return cmd
}

func runPoolUp(ctx context.Context, dockerCli command.Cli, options poolOptions) error {
	if options.size < 1 {
		return fmt.Errorf("invalid --size %d: want 1 or more", options.size)
	}
	pool, err := options.pool()
	if err != nil {
		return err
	}
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	options.say(dockerCli, st)
	at, err := options.pools(ctx, dockerCli)
	if err != nil {
		return err
	}
	if pool.Progress, err = options.printer(dockerCli, "Filling"); err != nil {
		return err
	}
	p, err := at.PoolUp(ctx, st, pool)
	pool.Progress.Close()
	if err != nil {
		return err
	}
	if !options.quiet {
		fmt.Fprintf(dockerCli.Err(), "pool %s of %s has %d of %d instances ready\n", p.ID, p.Stack, p.Ready, p.Size)
	}
	fmt.Fprintln(dockerCli.Out(), p.ID)
	return nil
}
