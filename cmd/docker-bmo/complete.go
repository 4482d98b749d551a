package main

import (
	"cmp"
	"context"
	"fmt"
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
		return snapshotKeys(cmd.Context(), dockerCli, bmo.SnapshotFilter{}, func(s bmo.Snapshot) bool { return s.Stack == st.Name })
	}
}

// completeSnapshots offers the names and keys of snapshots that are not among the arguments yet.
func completeSnapshots(dockerCli command.Cli) cobra.CompletionFunc {
	return completeFiltered(dockerCli, bmo.SnapshotFilter{})
}

// completeCheckpoints offers those of checkpoints, too.
func completeCheckpoints(dockerCli command.Cli) cobra.CompletionFunc {
	return completeFiltered(dockerCli, bmo.SnapshotFilter{Checkpoints: true})
}

func completeFiltered(dockerCli command.Cli, f bmo.SnapshotFilter) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return snapshotKeys(cmd.Context(), dockerCli, f, func(s bmo.Snapshot) bool {
			return !slices.Contains(args, bmo.ShortKey(s.Key)) && (s.Name == "" || !slices.Contains(args, s.Name))
		})
	}
}

// snapshotKeys returns the names, else the keys, of the snapshots that wanted selects, each once, with a description.
func snapshotKeys(
	ctx context.Context, dockerCli command.Cli, f bmo.SnapshotFilter, wanted func(bmo.Snapshot) bool,
) ([]string, cobra.ShellCompDirective) {
	list, err := newClient(dockerCli).Snapshots(ctx, f)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var keys []string
	for _, s := range list {
		about := strings.TrimSpace(s.Stack + " " + strings.Join(s.Bases(), " "))
		if s.AfterStep > 0 {
			about = fmt.Sprintf("%s, checkpoint after step %d", about, s.AfterStep)
		}
		if word := cmp.Or(s.Name, bmo.ShortKey(s.Key)) + "\t" + about; wanted(s) && !slices.Contains(keys, word) {
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
		c, err := placeOf(cmd, dockerCli)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		list, err := c.List(cmd.Context(), bmo.InstanceFilter{})
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

// completeRecorded offers the names of instances that are there, and of those that are gone and have a record.
func completeRecorded(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		names, directive := completeInstances(dockerCli)(cmd, args, word)
		for _, name := range newClient(dockerCli).Recorded() {
			if !slices.Contains(args, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		return names, directive
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
		c, err := placeOf(cmd, dockerCli)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		i, err := c.Find(cmd.Context(), args[0])
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
