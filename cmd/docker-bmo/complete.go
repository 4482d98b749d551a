package main

import (
	"context"
	"slices"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// completeStacks offers the built-in stacks; completing a Compose file is left to the shell.
func completeStacks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return bmo.Stacks(), cobra.ShellCompDirectiveDefault
}

// completeFlavors offers the flavors of the stack that the other flags select.
func (o *stackOptions) completeFlavors(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	st, err := o.load(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return st.Flavors(), cobra.ShellCompDirectiveNoFileComp
}

// completeServices offers the services of the stack that the other flags select, for --publish.
func (o *stackOptions) completeServices(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	names, directive := o.completeServiceNames(cmd, nil, "")
	for i := range names {
		names[i] += ":"
	}
	return names, directive | cobra.ShellCompDirectiveNoSpace
}

// completeSnapshotsOf offers the keys of snapshots of the stack that the other flags select: run cannot start others.
func (o *stackOptions) completeSnapshotsOf(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		st, err := o.load(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return snapshotKeys(cmd.Context(), dockerCli, func(s bmo.Snapshot) bool { return s.Stack == st.Name })
	}
}

// completeSnapshots offers the keys of snapshots that are not among the arguments yet.
func completeSnapshots(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return snapshotKeys(cmd.Context(), dockerCli, func(s bmo.Snapshot) bool {
			return !slices.Contains(args, bmo.ShortKey(s.Key))
		})
	}
}

// snapshotKeys returns the keys of the snapshots that wanted selects, each once, with a description.
func snapshotKeys(ctx context.Context, dockerCli command.Cli, wanted func(bmo.Snapshot) bool) ([]string, cobra.ShellCompDirective) {
	list, err := newClient(dockerCli).Snapshots(ctx, bmo.SnapshotFilter{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var keys []string
	for _, s := range list {
		about := strings.TrimSpace(s.Stack + " " + strings.Join(s.Bases(), " "))
		if word := bmo.ShortKey(s.Key) + "\t" + about; wanted(s) && !slices.Contains(keys, word) {
			keys = append(keys, word)
		}
	}
	return keys, cobra.ShellCompDirectiveNoFileComp
}

// completeServiceNames offers the services of the stack that the other flags select.
func (o *stackOptions) completeServiceNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	st, err := o.load(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return st.ServiceNames(), cobra.ShellCompDirectiveNoFileComp
}

// stacksOf returns the names of the stacks that have snapshots.
func stacksOf(ctx context.Context, dockerCli command.Cli) ([]string, cobra.ShellCompDirective) {
	list, err := newClient(dockerCli).Snapshots(ctx, bmo.SnapshotFilter{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range list {
		names = append(names, s.Stack)
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

// completeInstances offers the names of instances that are not among the arguments yet.
func completeInstances(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		list, err := newClient(dockerCli).List(cmd.Context(), bmo.InstanceFilter{})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, i := range list {
			if !slices.Contains(args, i.Name) {
				names = append(names, i.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeInstanceServices offers an instance first, then its services: at most so many, or any number if most is 0.
// What comes after them is left to the shell.
func completeInstanceServices(dockerCli command.Cli, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return completeInstances(dockerCli)(cmd, args, word)
		}
		if most > 0 && len(args) > most {
			return nil, cobra.ShellCompDirectiveDefault
		}
		i, err := newClient(dockerCli).Find(cmd.Context(), args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, s := range i.ServiceNames() {
			if !slices.Contains(args[1:], s) {
				names = append(names, s)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
