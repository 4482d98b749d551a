package main

import (
	"context"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

type psOptions struct {
	on      onFlag
	all     bool
	filter  opts.FilterOpt
	quiet   bool
	noTrunc bool
	format  string
}

func newPsCommand(dockerCli command.Cli) *cobra.Command {
	options := psOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:               "ps [OPTIONS]",
		Short:             "List instances",
		Aliases:           []string{"ls", "list"},
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runPs(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	addListFlags(cmd, &options.quiet, &options.noTrunc, &options.format, "Only display instance names")
	options.on.add(cmd)
	flags := cmd.Flags()
	flags.BoolVarP(&options.all, "all", "a", false, "Show all instances (default shows just running)")
	flags.VarP(&options.filter, "filter", "f", "Filter output based on conditions provided")
	_ = cmd.RegisterFlagCompletionFunc("filter", completeFilters)
	return cmd
}

// completeFilters offers the filters, and the values of status.
func completeFilters(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	if strings.HasPrefix(word, "status=") {
		return []string{"status=starting", "status=running", "status=paused", "status=exited"}, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"flavor=", "name=", "snapshot=", "stack=", "status="}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// instanceFilter parses --filter. Unless it has a status, only running instances pass, as in `docker ps`.
func (o psOptions) instanceFilter() (bmo.InstanceFilter, error) {
	args := o.filter.Value()
	err := args.Validate(map[string]bool{"flavor": true, "name": true, "snapshot": true, "stack": true, "status": true})
	if err != nil {
		return bmo.InstanceFilter{}, hint.Wrap(err, "filters are flavor, name, snapshot, stack and status")
	}
	f := bmo.InstanceFilter{
		Names: args.Get("name"), Stacks: args.Get("stack"), Flavors: args.Get("flavor"), Snapshots: args.Get("snapshot"),
	}
	for _, s := range args.Get("status") {
		state, err := bmo.ParseState(s)
		if err != nil {
			return f, err
		}
		f.States = append(f.States, state)
	}
	if !o.all && len(f.States) == 0 {
		f.States = []bmo.State{bmo.Ready}
	}
	return f, nil
}

func runPs(ctx context.Context, dockerCli command.Cli, options psOptions) error {
	filter, err := options.instanceFilter()
	if err != nil {
		return err
	}
	c, err := options.on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	list, err := c.List(ctx, filter)
	if err != nil {
		return err
	}
	return writeList(dockerCli, options.format, options.quiet, "{{.Name}}",
		"table {{.Name}}\t{{.Stack}}\t{{.Snapshot}}\t{{.RunningFor}}\t{{.Status}}\t{{.URL}}",
		formatter.SubHeaderContext{
			"Name": "NAME", "Stack": "STACK", "Snapshot": "SNAPSHOT", "Flavor": "FLAVOR",
			"RunningFor": "CREATED", "CreatedAt": "CREATED AT", "State": "STATE", "Status": "STATUS", "URL": "URL",
		}, func(write func(formatter.SubContext) error) error {
			for _, i := range list {
				if err := write(&instanceContext{i: i, trunc: !options.noTrunc}); err != nil {
					return err
				}
			}
			return nil
		})
}

// instanceContext is what a template can use of an instance.
type instanceContext struct {
	formatter.HeaderContext
	i     bmo.Instance
	trunc bool
}

func (c *instanceContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(c) }

// Name returns the instance's name.
func (c *instanceContext) Name() string { return c.i.Name }

// Stack returns the stack's name.
func (c *instanceContext) Stack() string { return c.i.Stack }

// Snapshot returns the key of the snapshot that it was started from, shortened unless --no-trunc is set.
func (c *instanceContext) Snapshot() string {
	if c.trunc {
		return bmo.ShortKey(c.i.Key)
	}
	return c.i.Key
}

// Flavor returns the flavor that it runs in.
func (c *instanceContext) Flavor() string { return c.i.Flavor }

// State returns its state in one word.
func (c *instanceContext) State() string { return string(c.i.State) }

// Status returns its state in docker's terms, with a time.
func (c *instanceContext) Status() string { return c.i.Status }

// URL returns the application's address.
func (c *instanceContext) URL() string { return c.i.URL }

// CreatedAt returns when it was started.
func (c *instanceContext) CreatedAt() string {
	return c.i.Created.Local().Truncate(time.Second).String()
}

// RunningFor returns how long ago that was; `docker ps` uses that name.
func (c *instanceContext) RunningFor() string { return since(c.i.Created) }

// now returns the time; tests replace it.
var now = time.Now

func since(t time.Time) string { return units.HumanDuration(now().Sub(t)) + " ago" }
