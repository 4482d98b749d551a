package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

type runOptions struct {
	stackOptions
	detach, noBuild                bool
	number, waitTimeout            int
	name, flavor, snapshot, format string
	env, envFile, publish          []string
	command                        []string
}

func newRunCommand(dockerCli command.Cli) *cobra.Command {
	var options runOptions
	cmd := &cobra.Command{
		Use:   "run [OPTIONS] [-- COMMAND [ARG...]]",
		Short: "Start an instance of a stack's snapshot",
		Long: `Start an instance of a stack's snapshot, and return or go on when it is ready:
when its database answers a query and its web server a valid HTTP response.
A missing snapshot is built first.

Without COMMAND the instance runs in the foreground: its address is shown, its
logs are followed, and Ctrl-C stops and removes it. With COMMAND that is run
with the instance's address and accounts in its environment; then the instance
is removed, and the exit code is the command's own.`,
		Example: `  docker bmo run
  docker bmo run -d --stack demo
  docker bmo run --stack demo -- prove -r t/
  docker bmo run -d -n 4 --format json
  docker bmo run -d --name shop --flavor regular -p 8080:8000 -p db:3306`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return coded{hint.Wrap(fmt.Errorf("unexpected argument %q", args[0]),
					"put the test command after `--`; --stack names a stack"), exitEngine}
			}
			options.command = args
			return runRun(cmd.Context(), dockerCli, options)
		},
	}
	// Stop at the first positional argument, so that a test command's flags are not parsed as docker bmo's.
	cmd.Flags().SetInterspersed(false)
	options.addFlags(cmd.Flags())
	options.complete(cmd)
	options.addRunFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("snapshot", options.completeSnapshotsOf(dockerCli))
	return cmd
}

// addRunFlags adds the flags that determine how instances are started.
func (o *runOptions) addRunFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&o.detach, "detach", "d", false, "Run the instance in the background and print its name")
	flags.StringArrayVarP(&o.env, "env", "e", nil, "Set environment variables of the application's service")
	flags.StringArrayVar(&o.envFile, "env-file", nil, "Read in a file of environment variables")
	flags.StringVar(&o.flavor, "flavor", stack.DefaultFlavor, `Flavor to run in (e.g., "low", "regular")`)
	flags.StringVar(&o.format, "format", "", `Format output using a custom template:
'json':             Print in JSON format, one object an instance
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`)
	flags.StringVar(&o.name, "name", "", "Assign a name to the instance")
	flags.BoolVar(&o.noBuild, "no-build", false, "Don't build a snapshot, even if it's missing")
	flags.IntVarP(&o.number, "number", "n", 1, "Number of instances to start")
	flags.StringArrayVarP(&o.publish, "publish", "p", nil, `Publish a port on 127.0.0.1 (format: "[SERVICE:][HOST:]PORT")`)
	flags.StringVar(&o.snapshot, "snapshot", "", "Start from the snapshot with this key, whatever the stack's inputs are now")
	flags.IntVar(&o.waitTimeout, "wait-timeout", 0, "Maximum duration in seconds to wait for the instance to be ready")
	_ = cmd.RegisterFlagCompletionFunc("env", completion.EnvVarNames)
	_ = cmd.RegisterFlagCompletionFunc("flavor", o.completeFlavors)
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("json"))
	_ = cmd.RegisterFlagCompletionFunc("publish", o.completeServices)
}

func (o runOptions) check() error {
	switch {
	case o.detach && len(o.command) > 0:
		return errors.New("--detach cannot be combined with a command: the instance is removed when its command ends")
	case o.number < 1:
		return fmt.Errorf("invalid --number %d: want 1 or more", o.number)
	case o.number > 1 && len(o.command) > 0:
		return errors.New("a command runs with one instance: leave --number out")
	case o.waitTimeout < 0:
		return fmt.Errorf("invalid --wait-timeout %d: want a number of seconds", o.waitTimeout)
	case (o.noBuild || o.snapshot != "") && (o.noCache || o.pull):
		return errors.New("--no-cache and --pull cannot be combined with --no-build or --snapshot")
	}
	if err := bmo.CheckName(o.name); err != nil {
		return err
	}
	_, err := parseInstanceFormat(o.format)
	return err
}

func runRun(ctx context.Context, dockerCli command.Cli, options runOptions) error {
	if err := options.check(); err != nil {
		return coded{err, exitEngine}
	}
	c, result, err := startInstances(ctx, dockerCli, options)
	if err != nil {
		return coded{err, exitEngine}
	}
	switch {
	case options.detach:
		defer func() {
			for _, h := range result.Hints {
				if !options.quiet {
					fmt.Fprintf(dockerCli.Err(), "hint: %s\n", h)
				}
			}
		}()
		return printInstances(dockerCli, result.Instances, options)
	case len(options.command) > 0:
		return runCommand(ctx, dockerCli, c, result.Instances[0], options.command)
	default:
		return coded{foreground(ctx, dockerCli, c, result.Instances, options), exitEngine}
	}
}

// startInstances makes the snapshot if it is missing, and starts instances of it.
func startInstances(ctx context.Context, dockerCli command.Cli, options runOptions) (*bmo.Client, *bmo.RunResult, error) {
	run, err := options.run()
	if err != nil {
		return nil, nil, err
	}
	st, err := options.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	options.say(dockerCli, st)
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return nil, nil, err
	}
	if run.Progress, err = options.printer(dockerCli, "Running"); err != nil {
		return nil, nil, err
	}
	defer run.Progress.Close()
	result, err := c.Run(ctx, st, run)
	return c, result, err
}

// run parses the flags that determine what is started.
func (o runOptions) run() (r bmo.RunOptions, err error) {
	r = bmo.RunOptions{
		Snapshot: o.snapshot, NoBuild: o.noBuild, Number: o.number, Name: o.name, Flavor: o.flavor, Detach: o.detach,
		Publish: o.publish, WaitTimeout: time.Duration(o.waitTimeout) * time.Second,
	}
	if r.Env, err = o.environment(); err != nil {
		return r, err
	}
	r.BuildOptions, err = o.build()
	return r, err
}
