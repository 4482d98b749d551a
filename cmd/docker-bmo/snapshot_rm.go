package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

func newSnapshotRmCommand(dockerCli command.Cli) *cobra.Command {
	return &cobra.Command{
		Use:     "rm KEY [KEY...]",
		Short:   "Remove one or more snapshots",
		Aliases: []string{"remove"},
		Args:    cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotRm(cmd.Context(), dockerCli, args)
		},
		ValidArgsFunction: completeSnapshots(dockerCli),
	}
}

func runSnapshotRm(ctx context.Context, dockerCli command.Cli, keys []string) error {
	e, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	inUse, err := prune.InUse(ctx, e)
	if err != nil {
		return err
	}
	var errs []error
	for _, key := range keys {
		s, err := snapshot.Resolve(ctx, e, key)
		if err == nil && inUse.Has(*s) {
			err = hint.Wrap(fmt.Errorf("snapshot %s is in use", snapshot.Short(s.Key)),
				"`docker bmo ps` lists instances, `docker bmo stop` removes them; `docker ps -a` lists all containers")
		}
		if err == nil {
			_, err = prune.Remove(ctx, e, []snapshot.Snapshot{*s})
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintln(dockerCli.Out(), snapshot.Short(s.Key))
	}
	return errors.Join(errs...)
}
