package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

type pruneOptions struct {
	policy        prune.Policy
	filter        opts.FilterOpt
	all           bool
	force, dryRun bool
}

func newPruneCommand(dockerCli command.Cli) *cobra.Command {
	options := pruneOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:   "prune [OPTIONS]",
		Short: "Remove old snapshots and what was left behind",
		Long: `Remove old snapshots and what was left behind.

Without options the newest snapshot of each stack stays. Snapshots that an
instance runs from always stay. What a killed command left behind (containers,
networks, half-made snapshots) goes in any case. Nothing without labels of
docker bmo is touched.`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if options.all && cmd.Flags().Changed("keep-last") {
				return errors.New("--all and --keep-last exclude each other")
			}
			if options.policy.KeepLast < 0 {
				return errors.New("--keep-last must not be negative")
			}
			if options.all {
				options.policy.KeepLast = 0
			}
			filter, err := pruneFilter(command.PruneFilters(dockerCli, options.filter.Value()), now())
			if err != nil {
				return err
			}
			options.policy.Filter = filter
			return runPrune(cmd.Context(), dockerCli, options)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.IntVar(&options.policy.KeepLast, "keep-last", 1, "Keep that many of the newest snapshots of each stack")
	flags.DurationVar(&options.policy.OlderThan, "older-than", 0, `Only remove snapshots older than that (e.g., "168h")`)
	flags.StringVar(&options.policy.Stack, "stack", "", "Only remove snapshots of that stack")
	flags.BoolVarP(&options.all, "all", "a", false, "Remove all snapshots that no instance runs from")
	flags.Var(&options.filter, "filter", `Provide filter values (e.g. "until=<timestamp>")`)
	flags.BoolVar(&options.dryRun, "dry-run", false, "Show what would be removed")
	flags.BoolVarP(&options.force, "force", "f", false, "Do not prompt for confirmation")
	_ = cmd.RegisterFlagCompletionFunc("stack", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return stacksOf(cmd.Context(), dockerCli)
	})
	_ = cmd.RegisterFlagCompletionFunc("filter", cobra.FixedCompletions(
		[]string{"label=", "label!=", "until="}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	return cmd
}

// filterValues are the filters of the command line and of pruneFilters in the docker configuration, as docker keeps
// them.
type filterValues interface {
	Get(name string) []string
	Validate(accepted map[string]bool) error
}

func pruneFilter(args filterValues, now time.Time) (f prune.Filter, err error) {
	if err := args.Validate(map[string]bool{"label": true, "label!": true, "until": true}); err != nil {
		return f, engine.Hint(err, "filters are label, label! and until; some may come from pruneFilters in the docker configuration")
	}
	f.Labels, f.NotLabels = args.Get("label"), args.Get("label!")
	switch until := args.Get("until"); {
	case len(until) > 1:
		return f, engine.Hint(errors.New("more than one until filter specified"), "one may come from pruneFilters in the docker configuration")
	case len(until) == 1:
		if f.Until, err = engine.ParseTime(until[0], now); err != nil {
			return f, fmt.Errorf("--filter until: %w", err)
		}
	}
	return f, nil
}

func runPrune(ctx context.Context, dockerCli command.Cli, options pruneOptions) error {
	e := newEngine(dockerCli)
	if _, err := e.Connect(ctx); err != nil {
		return err
	}
	plan, err := pruningPlan(ctx, e, options.policy)
	if err != nil {
		return err
	}
	if options.dryRun {
		return printPlan(dockerCli.Out(), plan)
	}
	if !options.force {
		ok, err := confirm(ctx, dockerCli.In(), dockerCli.Out(), pruneWarning(options))
		if err != nil || !ok {
			return err
		}
	}
	return prunePlan(ctx, dockerCli, e, plan)
}

func pruningPlan(ctx context.Context, e *engine.Engine, policy prune.Policy) ([]snapshot.Snapshot, error) {
	list, err := snapshot.List(ctx, e)
	if err != nil {
		return nil, err
	}
	inUse, err := prune.InUse(ctx, e)
	if err != nil {
		return nil, err
	}
	return prune.Plan(list, inUse, policy, now()), nil
}

func printPlan(w io.Writer, plan []snapshot.Snapshot) error {
	if len(plan) > 0 {
		fmt.Fprintln(w, "Would delete snapshots:")
	}
	for _, s := range plan {
		fmt.Fprintf(w, "%s\t%s\t%s\n", snapshot.Short(s.Key), s.Stack, since(s.Created))
	}
	snapshots := "snapshots"
	if len(plan) == 1 {
		snapshots = "snapshot"
	}
	_, err := fmt.Fprintf(w, "%d %s would be deleted\n", len(plan), snapshots)
	return err
}

func pruneWarning(o pruneOptions) string {
	var what []string
	switch {
	case o.policy.KeepLast > 0:
		what = append(what, fmt.Sprintf("all but the %d newest of each stack", o.policy.KeepLast))
	default:
		what = append(what, "all that no instance runs from")
	}
	if o.policy.OlderThan > 0 {
		what = append(what, "older than "+o.policy.OlderThan.String())
	}
	if o.policy.Stack != "" {
		what = append(what, "of stack "+o.policy.Stack)
	}
	for _, l := range o.policy.Labels {
		what = append(what, "with label "+l)
	}
	for _, l := range o.policy.NotLabels {
		what = append(what, "without label "+l)
	}
	if !o.policy.Until.IsZero() {
		what = append(what, "made before "+o.policy.Until.Format(time.RFC3339))
	}
	return "WARNING! This will remove snapshots: " + strings.Join(what, ", ") + ".\nAre you sure you want to continue?"
}

// confirm asks as docker does: anything but y is no.
func confirm(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a == "y" || a == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false, context.Cause(ctx)
	}
}

// prunePlan removes and reports in docker's words.
func prunePlan(ctx context.Context, dockerCli command.Cli, e *engine.Engine, plan []snapshot.Snapshot) error {
	before, err := e.LayersSize(ctx)
	if err != nil {
		return err
	}
	report, sweepErr := prune.Sweep(ctx, e)
	removed, removeErr := prune.Remove(ctx, e, plan)
	report.Merge(removed)
	printReport(dockerCli.Out(), report)
	after, err := e.LayersSize(ctx)
	if err == nil {
		fmt.Fprintln(dockerCli.Out(), "Total reclaimed space:", units.HumanSize(float64(max(before-after, 0))))
	}
	return errors.Join(sweepErr, removeErr, err)
}

func printReport(w io.Writer, r prune.Report) {
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(w, "%s:\n%s\n\n", title, strings.Join(lines, "\n"))
		}
	}
	section("Deleted Containers", r.Containers)
	section("Deleted Networks", r.Networks)
	section("Deleted Volumes", r.Volumes)
	var images []string
	for _, u := range r.Untagged {
		images = append(images, "untagged: "+u)
	}
	for _, d := range r.Deleted {
		images = append(images, "deleted: "+d)
	}
	section("Deleted Images", images)
}
