package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// pruneRepository removes snapshots from a repository by the same policy as from an engine.
func pruneRepository(ctx context.Context, dockerCli command.Cli, options pruneOptions) error {
	c, err := unconnected(dockerCli)
	if err != nil {
		return err
	}
	plan, err := c.PlanPruneRepository(ctx, options.repository, options.policy, now())
	if err != nil {
		return err
	}
	if options.dryRun {
		return printPlan(dockerCli.Out(), bmo.Report{}, plan)
	}
	if !options.force {
		ok, err := confirm(ctx, dockerCli.In(), dockerCli.Out(), fmt.Sprintf(
			"WARNING! This will remove %d snapshots from %s, whoever uses them.\nAre you sure you want to continue?", len(plan), options.repository))
		if err != nil || !ok {
			return err
		}
	}
	keys, abandoned, err := c.PruneRepository(ctx, options.repository, plan, now())
	if len(keys) > 0 {
		fmt.Fprintln(dockerCli.Out(), "Deleted snapshots:")
	}
	for _, key := range keys {
		fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(key))
	}
	if abandoned > 0 {
		fmt.Fprintf(dockerCli.Out(), "Deleted images of pushes that were given up: %d\n", abandoned)
	}
	return err
}
