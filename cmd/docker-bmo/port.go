package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newPortCommand(dockerCli command.Cli) *cobra.Command {
	var on onFlag
	cmd := &cobra.Command{
		Use:   "port INSTANCE [SERVICE [PRIVATE_PORT[/PROTO]]]",
		Short: "List port mappings or a specific mapping for an instance",
		Args:  cli.RequiresRangeArgs(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPort(cmd.Context(), dockerCli, on, args)
		},
		ValidArgsFunction: completeInstanceServices(dockerCli, 1),
	}
	on.add(cmd)
	return cmd
}

func runPort(ctx context.Context, dockerCli command.Cli, on onFlag, args []string) error {
	c, err := on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	inst, err := c.Find(ctx, args[0])
	if err != nil {
		return err
	}
	switch len(args) {
	case 3:
		address, err := inst.Address(args[1], args[2])
		if err != nil {
			return err
		}
		fmt.Fprintln(dockerCli.Out(), address)
	case 2:
		if _, err := inst.Container(args[1]); err != nil {
			return err
		}
		for _, m := range inst.Mappings(args[1]) {
			fmt.Fprintf(dockerCli.Out(), "%d/tcp -> %s\n", m.Port, m.Address)
		}
	default:
		for _, service := range inst.ServiceNames() {
			for _, m := range inst.Mappings(service) {
				fmt.Fprintf(dockerCli.Out(), "%s %d/tcp -> %s\n", service, m.Port, m.Address)
			}
		}
	}
	return nil
}
