package main

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newPushCommand(dockerCli command.Cli) *cobra.Command {
	var options stackOptions
	cmd := &cobra.Command{
		Use:   "push [OPTIONS] [SNAPSHOT] REPOSITORY",
		Short: "Upload a snapshot to a registry",
		Long: `Upload a snapshot to a registry.

Without SNAPSHOT it is the one of the stack's inputs as they are now. The engine
sends the layers that the registry lacks. One that is there already is left as
it is, which is found out by one request. Prints what "docker bmo pull" takes.

It comes with in-toto statements of what it was made of, as from buildx, unless
--provenance=false is given. --sbom=true adds the packages of each image.

With --sign it is signed as by "cosign sign --recursive --tlog-upload=false": the
snapshot and each image, by a key of "cosign generate-key-pair". COSIGN_PASSWORD
is the key's password; without it, it is asked for. What is there unsigned, or
signed by others, is pushed anew.`,
		Example: `  docker bmo push --stack demo registry.example/team/demo
  docker bmo push 1a2b3c4d5e6f registry.example/team/demo
  docker bmo push --sign cosign.key 1a2b3c4d5e6f registry.example/team/demo`,
		Args: cli.RequiresRangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPush(cmd.Context(), dockerCli, &options, args)
		},
		ValidArgsFunction: completeSnapshots(dockerCli),
	}
	options.addMoveFlags(cmd)
	options.addPushFlags(cmd.Flags())
	return cmd
}

// addMoveFlags adds the flags of push and pull.
func (o *stackOptions) addMoveFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addStackFlags(flags)
	flags.StringVar(&o.source, "source", "", `Source tree of the application: a folder or GIT-URL#REF`)
	flags.StringVar(&o.progress, "progress", "auto", `Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")`)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, `Suppress progress and print the identifier only`)
	o.addEnvFileFlag(flags)
	o.complete(cmd)
}

func runPush(ctx context.Context, dockerCli command.Cli, options *stackOptions, args []string) error {
	start := time.Now()
	repository := args[len(args)-1]
	push := bmo.PushOptions{Repository: repository}
	var err error
	if push.Sign, err = options.signingKey(ctx, dockerCli); err != nil {
		return err
	}
	if push.Attest, err = options.attest(); err != nil {
		return err
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if len(args) == 2 {
		if options.selects() {
			return errStackAndKey
		}
		push.Key = args[0]
	} else if push.Inputs, _, err = options.inputs(ctx, dockerCli, c); err != nil {
		return err
	}
	if push.Progress, err = options.printer(dockerCli, "Pushing"); err != nil {
		return err
	}
	result, err := c.Push(ctx, push)
	push.Progress.Close()
	if err != nil {
		return err
	}
	if !options.quiet {
		sayPushed(dockerCli.Err(), result, repository, " in "+time.Since(start).Round(time.Millisecond).String())
	}
	fmt.Fprintf(dockerCli.Out(), "%s:%s\n", repository, result.Snapshot.Key)
	return nil
}

// selects reports whether flags say which stack is meant.
func (o *stackOptions) selects() bool {
	return len(o.stacks)+len(o.set)+len(o.profiles)+len(o.envFiles)+len(o.db.words()) > 0 || o.source != ""
}
