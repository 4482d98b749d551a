package main

import (
	"context"
	"strconv"
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

type snapshotLsOptions struct {
	filter  opts.FilterOpt
	all     bool
	quiet   bool
	noTrunc bool
	format  string

	repository string
}

func newSnapshotLsCommand(dockerCli command.Cli) *cobra.Command {
	options := snapshotLsOptions{filter: opts.NewFilterOpt()}
	cmd := &cobra.Command{
		Use:               "ls [OPTIONS]",
		Short:             "List snapshots",
		Aliases:           []string{"list"},
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runSnapshotLs(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	addListFlags(cmd, &options.quiet, &options.noTrunc, &options.format, "Only display snapshot keys")
	cmd.Flags().BoolVarP(&options.all, "all", "a", false, "Show all snapshots (default hides checkpoints)")
	cmd.Flags().VarP(&options.filter, "filter", "f", "Filter output based on conditions provided")
	cmd.Flags().StringVar(&options.repository, "repository", "", "List those in that repository of a registry instead of the engine's")
	_ = cmd.RegisterFlagCompletionFunc("filter", cobra.FixedCompletions(
		[]string{"label=", "stack="}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	return cmd
}

func runSnapshotLs(ctx context.Context, dockerCli command.Cli, options snapshotLsOptions) error {
	args := options.filter.Value()
	if err := args.Validate(map[string]bool{"label": true, "stack": true}); err != nil {
		return hint.Wrap(err, "filters are label and stack")
	}
	filter := bmo.SnapshotFilter{Labels: args.Get("label"), Stacks: args.Get("stack"), Checkpoints: options.all}
	list, err := listSnapshots(ctx, dockerCli, options.repository, filter)
	if err != nil {
		return err
	}
	step := ""
	if options.all {
		step = "{{.AfterStep}}\t"
	}
	return writeList(dockerCli, options.format, options.quiet, "{{.Key}}",
		"table {{.Key}}\t{{.Name}}\t{{.Parent}}\t{{.Stack}}\t"+step+"{{.Services}}\t{{.Bases}}\t{{.CreatedSince}}\t{{.Size}}",
		formatter.SubHeaderContext{
			"Key": "KEY", "Name": "NAME", "Parent": "PARENT", "Stack": "STACK", "AfterStep": "AFTER STEP", "Services": "SERVICES", "Version": "VERSION", "Bases": "BASE IMAGES",
			"CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "Size": "SIZE",
		}, func(write func(formatter.SubContext) error) error {
			for _, s := range list {
				if err := write(&snapshotContext{s: s, trunc: !options.noTrunc}); err != nil {
					return err
				}
			}
			return nil
		})
}

// listSnapshots lists the snapshots of a repository or, without one, of the engine.
func listSnapshots(ctx context.Context, dockerCli command.Cli, repository string, filter bmo.SnapshotFilter) ([]bmo.Snapshot, error) {
	c, err := unconnected(dockerCli)
	if err != nil {
		return nil, err
	}
	if repository != "" {
		return c.RepositorySnapshots(ctx, repository, filter)
	}
	return c.Snapshots(ctx, filter)
}

// snapshotContext is what a template can use of a snapshot.
type snapshotContext struct {
	formatter.HeaderContext
	s     bmo.Snapshot
	trunc bool
}

func (c *snapshotContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(c) }

// Key returns the snapshot's key, shortened unless --no-trunc is set.
func (c *snapshotContext) Key() string {
	if c.trunc {
		return bmo.ShortKey(c.s.Key)
	}
	return c.s.Key
}

// Name returns what a committed snapshot is called.
func (c *snapshotContext) Name() string { return c.s.Name }

// Parent returns the key of the snapshot whose instance was committed, shortened unless --no-trunc is set.
func (c *snapshotContext) Parent() string {
	if c.trunc {
		return bmo.ShortKey(c.s.Parent)
	}
	return c.s.Parent
}

// Stack returns the stack's name.
func (c *snapshotContext) Stack() string { return c.s.Stack }

// AfterStep returns how many of the bootstrap's steps a checkpoint has behind it, nothing for a snapshot.
func (c *snapshotContext) AfterStep() string {
	if c.s.AfterStep == 0 {
		return ""
	}
	return strconv.Itoa(c.s.AfterStep)
}

// Services returns the names of its services.
func (c *snapshotContext) Services() string { return strings.Join(c.s.Services, ",") }

// Bases returns the names of its base images, which show the database. Digests that they are pinned to are cut off
// unless --no-trunc is set.
func (c *snapshotContext) Bases() string {
	bases := c.s.Bases()
	if c.trunc {
		for i, base := range bases {
			bases[i], _, _ = strings.Cut(base, "@")
		}
	}
	return strings.Join(bases, ",")
}

// Version returns the version of docker bmo that made it.
func (c *snapshotContext) Version() string { return c.s.Version }

// CreatedAt returns when it was made.
func (c *snapshotContext) CreatedAt() string {
	return c.s.Created.Local().Truncate(time.Second).String()
}

// CreatedSince returns how long ago that was.
func (c *snapshotContext) CreatedSince() string { return since(c.s.Created) }

// Size returns the sum of its images' sizes.
func (c *snapshotContext) Size() string { return units.HumanSizeWithPrecision(float64(c.s.Size()), 3) }
