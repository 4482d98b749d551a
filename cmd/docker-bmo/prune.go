package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/opts"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

type pruneOptions struct {
	policy        bmo.Policy
	filter        opts.FilterOpt
	all           bool
	force, dryRun bool
	repository    string
}

func newPruneCommand(dockerCli command.Cli) *cobra.Command {
	options := pruneOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:   "prune [OPTIONS]",
		Short: "Remove old snapshots and what was left behind",
		Long: `Remove old snapshots and what was left behind.

Without options the newest snapshot of each stack stays, the newest that was
committed, and the newest checkpoint after each step. Snapshots that have a name, or that an instance runs from, always
stay: "docker bmo snapshot rm" removes the former. One that was committed needs
none of those that it came from. What a killed command left behind (containers,
networks, half-made snapshots) goes in any case. Nothing without labels of
docker bmo is touched. Records of what is gone, which "docker bmo logs" reads,
go after a month, or as --older-than, --filter until and --all say.`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.settle(dockerCli, cmd.Flags().Changed("keep-last")); err != nil {
				return err
			}
			if options.repository != "" {
				return pruneRepository(cmd.Context(), dockerCli, options)
			}
			return runPrune(cmd.Context(), dockerCli, options)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addFlags(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("stack", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return stacksOf(cmd.Context(), dockerCli)
	})
	_ = cmd.RegisterFlagCompletionFunc("filter", cobra.FixedCompletions(
		[]string{"label=", "label!=", "until="}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	return cmd
}

func (o *pruneOptions) addFlags(flags *pflag.FlagSet) {
	flags.IntVar(&o.policy.KeepLast, "keep-last", 1, "Keep that many of the newest snapshots of each stack")
	flags.DurationVar(&o.policy.OlderThan, "older-than", 0, `Only remove snapshots older than that (e.g., "168h")`)
	flags.StringVar(&o.policy.Stack, "stack", "", "Only remove snapshots of that stack")
	flags.BoolVarP(&o.all, "all", "a", false, "Remove all snapshots without a name that no instance runs from")
	flags.Var(&o.filter, "filter", `Provide filter values (e.g. "until=<timestamp>")`)
	flags.StringVar(&o.repository, "repository", "", "Remove snapshots from that repository of a registry instead of the engine")
	flags.BoolVar(&o.dryRun, "dry-run", false, "Show what would be removed")
	flags.BoolVarP(&o.force, "force", "f", false, "Do not prompt for confirmation")
}

// settle makes one policy out of the flags and the docker configuration.
func (o *pruneOptions) settle(dockerCli command.Cli, keepLast bool) (err error) {
	switch {
	case o.all && keepLast:
		return errors.New("--all cannot be combined with --keep-last")
	case o.policy.KeepLast < 0:
		return errors.New("--keep-last must not be negative")
	case o.all:
		o.policy.KeepLast = 0
	}
	o.policy.Filter, err = pruneFilter(command.PruneFilters(dockerCli, o.filter.Value()), now())
	return err
}

// filterValues returns the filters of the command line and of pruneFilters in the docker configuration, in docker's
// form.
type filterValues interface {
	Get(name string) []string
	Validate(accepted map[string]bool) error
}

func pruneFilter(args filterValues, now time.Time) (f bmo.PolicyFilter, err error) {
	if err := args.Validate(map[string]bool{"label": true, "label!": true, "until": true}); err != nil {
		return f, hint.Wrap(err, "filters are label, label! and until; some may come from pruneFilters in the docker configuration")
	}
	f.Labels, f.NotLabels = slices.Sorted(slices.Values(args.Get("label"))), slices.Sorted(slices.Values(args.Get("label!")))
	switch until := args.Get("until"); {
	case len(until) > 1:
		return f, hint.Wrap(errors.New("more than one until filter specified"), "one may come from pruneFilters in the docker configuration")
	case len(until) == 1:
		if f.Until, err = bmo.ParseTime(until[0], now); err != nil {
			return f, hint.Wrap(fmt.Errorf("--filter until: %w", err), "a time is an age such as 24h, or as in 2026-01-31T12:00:00Z")
		}
	}
	return f, nil
}

func runPrune(ctx context.Context, dockerCli command.Cli, options pruneOptions) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	plan, err := c.PlanPrune(ctx, options.policy, now())
	if err != nil {
		return err
	}
	if options.dryRun {
		left, err := c.Leftovers(ctx)
		if err != nil {
			return err
		}
		records, err := c.PruneRecords(ctx, options.records())
		if err != nil {
			return err
		}
		if err := printPlan(dockerCli.Out(), left, plan); err != nil {
			return err
		}
		for _, name := range records {
			fmt.Fprintf(dockerCli.Out(), "record of %s\n", name)
		}
		return nil
	}
	if !options.force {
		ok, err := confirm(ctx, dockerCli.In(), dockerCli.Out(), pruneWarning(options))
		if err != nil || !ok {
			return err
		}
	}
	report, err := c.Prune(ctx, plan)
	if len(options.policy.Labels)+len(options.policy.NotLabels) == 0 { // records have no labels
		var rerr error
		report.Records, rerr = c.PruneRecords(ctx, options.records())
		err = errors.Join(err, rerr)
	}
	printReport(dockerCli.Out(), report)
	return err
}

// records says which records go with the snapshots.
func (o pruneOptions) records() bmo.RecordPolicy {
	p := bmo.RecordPolicy{OlderThan: o.policy.OlderThan, All: o.all, DryRun: o.dryRun, Stack: o.policy.Stack}
	if age := now().Sub(o.policy.Until); !o.policy.Until.IsZero() && age > p.OlderThan {
		p.OlderThan = age
	}
	if p.OlderThan > 0 {
		p.All = false
	}
	return p
}
