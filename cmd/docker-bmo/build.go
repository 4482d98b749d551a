package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

type buildOptions struct {
	stackOptions
}

func newBuildCommand(dockerCli command.Cli) *cobra.Command {
	var options buildOptions
	cmd := &cobra.Command{
		Use:   "build [OPTIONS]",
		Short: "Build a stack's images, bootstrap the application and keep the result as a snapshot",
		Long: `Build a stack's images, bootstrap the application and keep the result as a snapshot.

The snapshot's key covers everything that went into it. When a snapshot of the
same inputs is there already, nothing is built and the command is done at once.
Prints the snapshot's key.`,
		Example: `  docker bmo build --stack demo
  docker bmo build --source ~/src/bmo
  docker bmo build --stack ./compose.yaml --set MYSQL_IMAGE=mysql:8.4`,
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runBuild(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addFlags(cmd.Flags())
	options.complete(cmd)
	return cmd
}

func runBuild(ctx context.Context, dockerCli command.Cli, options buildOptions) error {
	start := time.Now()
	p, closeAll, err := open(ctx, dockerCli, options.stackOptions)
	if err != nil {
		return err
	}
	s, err := p.ensure(ctx)
	closeAll()
	if err != nil {
		return p.explain(err)
	}
	if !options.quiet {
		verb := "is up to date"
		if p.made {
			verb = "made"
		}
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s %s in %s\n", snapshot.Short(s.Key), s.Stack, verb, time.Since(start).Round(time.Millisecond))
	}
	fmt.Fprintln(dockerCli.Out(), snapshot.Short(s.Key))
	return nil
}

// explain adds where the whole output of a failed bootstrap is.
func (p *pipeline) explain(err error) error {
	var step *bootstrap.StepError
	if errors.As(err, &step) {
		return fmt.Errorf("%w\nwhole output: %s", err, p.logFile)
	}
	return err
}
