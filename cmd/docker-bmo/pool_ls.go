package main

import (
	"context"
	"strconv"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type poolLsOptions struct {
	quiet, noTrunc bool
	format         string
	on             onFlag
}

func newPoolLsCommand(dockerCli command.Cli) *cobra.Command {
	var options poolLsOptions
	cmd := &cobra.Command{
		Use:               "ls [OPTIONS]",
		Short:             "List pools",
		Aliases:           []string{"list"},
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runPoolLs(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	addListFlags(cmd, &options.quiet, &options.noTrunc, &options.format, "Only display pool identifiers")
	options.on.add(cmd)
	return cmd
}

func runPoolLs(ctx context.Context, dockerCli command.Cli, options poolLsOptions) error {
	at, err := options.on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	pools, err := at.Pools(ctx)
	if err != nil {
		return err
	}
	return writeList(dockerCli, options.format, options.quiet, "{{.ID}}",
		"table {{.ID}}\t{{.Stack}}\t{{.Flavor}}\t{{.Snapshot}}\t{{.Ready}}\t{{.CreatedSince}}",
		formatter.SubHeaderContext{
			"ID": "POOL ID", "Stack": "STACK", "Flavor": "FLAVOR", "Snapshot": "SNAPSHOT", "Ready": "READY", "Size": "SIZE",
			"Starting": "STARTING", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT",
		}, func(write func(formatter.SubContext) error) error {
			for _, p := range pools {
				if err := write(&poolContext{p: p, trunc: !options.noTrunc}); err != nil {
					return err
				}
			}
			return nil
		})
}

// poolContext is what a template can use of a pool.
type poolContext struct {
	formatter.HeaderContext
	p     bmo.Pool
	trunc bool
}

func (c *poolContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(c) }

// ID returns the pool's identifier.
func (c *poolContext) ID() string { return c.p.ID }

// Stack returns the stack's name.
func (c *poolContext) Stack() string { return c.p.Stack }

// Flavor returns the flavor that its instances run in.
func (c *poolContext) Flavor() string { return c.p.Flavor }

// Snapshot returns the key of the snapshot that the newest of its instances was started from, shortened unless --no-trunc is
// set.
func (c *poolContext) Snapshot() string {
	if c.trunc {
		return bmo.ShortKey(c.p.Key)
	}
	return c.p.Key
}

// Ready returns how many instances wait, and how many are to, as docker writes the replicas of a service.
func (c *poolContext) Ready() string { return strconv.Itoa(c.p.Ready) + "/" + strconv.Itoa(c.p.Size) }

// Size returns how many instances are to wait.
func (c *poolContext) Size() string { return strconv.Itoa(c.p.Size) }

// Starting returns how many are being started.
func (c *poolContext) Starting() string { return strconv.Itoa(c.p.Starting) }

// CreatedAt returns when the pool was made, or got its size.
func (c *poolContext) CreatedAt() string {
	return c.p.Created.Local().Truncate(time.Second).String()
}

// CreatedSince returns how long ago that was.
func (c *poolContext) CreatedSince() string { return since(c.p.Created) }
