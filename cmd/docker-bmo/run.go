package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

type runOptions struct {
	stackOptions
	detach, noBuild, live          bool
	allOrNone                      bool
	number, parallel, waitTimeout  int
	name, flavor, snapshot, format string
	env, envFile, publish          []string
	command                        []string
	report                         string
	refill                         func(pools []string) error
	contexts                       []string
	on                             onFlag
	serviceType                    string
	also                           []*bmo.Client // of the contexts but the first
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
is removed, and the exit code is the command's own. Signals are passed on to it
and what it has started, which are killed 10 seconds later.

With --number, each instance starts when there is room for it: as many at a time
as the engine has processors, or --parallel, and as its memory and addresses
allow. Each is printed when it is ready. One that fails is missing, and the exit
code says so; with --all-or-none none stays then, which is always so with COMMAND.

With --number, COMMAND runs once against each instance at the same time. It finds
its number, from 1 on, in BMO_SHARD, and how many there are in BMO_SHARDS; the
exit code is the highest one. With --context the instances are on the engines
of several docker contexts, to which the snapshot of the first one is copied.`,
		Example: `  docker bmo run
  docker bmo run -d --stack demo
  docker bmo run --stack demo -- prove -r t/
  docker bmo run -n 4 -- sh -c 'pytest --splits $BMO_SHARDS --group $BMO_SHARD'
  docker bmo run -d -n 4 --format json
  docker bmo run -d --name shop --flavor regular -p 8080:8000 -p db:3306`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return coded{hint.Wrap(fmt.Errorf("unexpected argument %q", args[0]),
					"put the test command after `--`; --stack names a stack"), exitEngine}
			}
			options.command = args
			options.refill = func(pools []string) error { return refill(dockerCli, cmd, pools) }
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

// addRunFlags adds the flags that determine what is started, and how it is told of.
func (o *runOptions) addRunFlags(cmd *cobra.Command) {
	o.addInstanceFlags(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&o.allOrNone, "all-or-none", false, "Remove all instances when one of them fails to start")
	flags.BoolVarP(&o.detach, "detach", "d", false, "Run the instance in the background and print its name")
	flags.StringVar(&o.format, "format", "", `Format output using a custom template:
'json':             Print in JSON format, one object an instance
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`)
	flags.StringVar(&o.name, "name", "", "Assign a name to the instance")
	flags.IntVarP(&o.number, "number", "n", 1, "Number of instances to start")
	flags.IntVar(&o.parallel, "parallel", 0, "Maximum number of instances that start at the same time (default the engine's processors)")
	o.on.add(cmd)
	flags.StringVar(&o.serviceType, "service-type", "", `Service by which a detached instance on a cluster is reached ("ClusterIP", "NodePort", "LoadBalancer")`)
	_ = cmd.RegisterFlagCompletionFunc("service-type", completion.FromList(bmo.ServiceTypes()...))
	o.addPushFlags(flags)
	flags.StringVar(&o.report, "report", "", "Write an HTML page of what happened to a file, when the instance is gone")
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("json"))
}

// addInstanceFlags adds the flags that determine how instances are started.
func (o *runOptions) addInstanceFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&o.env, "env", "e", nil, "Set environment variables of the application's service")
	flags.StringArrayVar(&o.envFile, "env-file", nil, "Read in a file of environment variables")
	flags.StringVar(&o.flavor, "flavor", stack.DefaultFlavor, `Flavor to run in (e.g., "low", "regular")`)
	flags.BoolVar(&o.live, "live", false, "Mount the project's own files instead of copying them (engines on this machine)")
	flags.BoolVar(&o.noBuild, "no-build", false, "Don't build a snapshot, even if it's missing")
	flags.StringArrayVarP(&o.publish, "publish", "p", nil, `Publish a port on 127.0.0.1 (format: "[SERVICE:][HOST:]PORT")`)
	flags.StringVar(&o.snapshot, "snapshot", "", "Start from the snapshot with this name or key, whatever the stack's inputs are now")
	flags.IntVar(&o.waitTimeout, "wait-timeout", 0, "Maximum duration in seconds to wait for the instance to be ready")
	flags.StringSliceVar(&o.contexts, "context", nil, "Run against instances on the engines of these docker contexts (e.g., \"a,b\")")
	_ = cmd.RegisterFlagCompletionFunc("env", completion.EnvVarNames)
	_ = cmd.RegisterFlagCompletionFunc("flavor", o.completeFlavors)
	_ = cmd.RegisterFlagCompletionFunc("publish", o.completeServices)
}

func runRun(ctx context.Context, dockerCli command.Cli, options runOptions) error {
	if err := options.check(); err != nil {
		return coded{err, exitEngine}
	}
	if len(options.contexts) > 0 {
		return runSpread(ctx, dockerCli, options)
	}
	ready := &readyInstances{dockerCli: dockerCli, options: options}
	if options.on.target != "" {
		return runOnCluster(ctx, dockerCli, options, ready)
	}
	c, result, err := startInstances(ctx, dockerCli, options, ready.print)
	if result == nil {
		var kept *bmo.OutputError
		if errors.As(err, &kept) {
			options.writeReport(ctx, dockerCli, c, kept.Name)
		}
		return coded{err, exitEngine}
	}
	defer options.writeReport(ctx, dockerCli, c, result.Instances[0].Record)
	if err != nil { // of several instances, some have failed
		return afterFailures(dockerCli, err, func() error { return goOn(ctx, dockerCli, c, result, options, ready) })
	}
	return goOn(ctx, dockerCli, c, result, options, ready)
}

// goOn does what the instances have been started for.
func goOn(ctx context.Context, dockerCli command.Cli, c place, result *bmo.RunResult, options runOptions, ready *readyInstances) error {
	switch {
	case options.detach:
		defer func() {
			for _, h := range result.Hints {
				if !options.quiet {
					fmt.Fprintf(dockerCli.Err(), "hint: %s\n", h)
				}
			}
		}()
		return ready.rest(result.Instances)
	case len(options.command) > 0 && options.number > 1:
		return runShards(ctx, dockerCli, c, result.Instances, options)
	case len(options.command) > 0:
		return runCommand(ctx, dockerCli, c, result.Instances[0], options)
	default:
		return coded{foreground(ctx, dockerCli, c, result.Instances, options), exitEngine}
	}
}

// afterFailures says which instances have failed, and goes on with the others. The exit code is that of the failures, unless
// what goes on fails.
func afterFailures(dockerCli command.Cli, failed error, goOn func() error) error {
	code := report(dockerCli.Err(), coded{failed, exitEngine})
	err := goOn()
	var c coded
	if err == nil || errors.As(err, &c) && c.error == nil {
		return cli.StatusError{StatusCode: code}
	}
	return err
}

// writeReport writes the page that --report asks for. It changes no exit code.
func (o runOptions) writeReport(ctx context.Context, dockerCli command.Cli, c *bmo.Client, name string) {
	if o.report == "" || name == "" {
		return
	}
	if err := writeReport(context.WithoutCancel(ctx), c, name, o.report); err != nil {
		warn(dockerCli.Err(), err)
	}
}

// startInstances makes the snapshot if it is missing, and starts instances of it.
func startInstances(ctx context.Context, dockerCli command.Cli, options runOptions, started func(*bmo.Instance)) (*bmo.Client, *bmo.RunResult, error) {
	run, err := options.run()
	if err != nil {
		return nil, nil, err
	}
	run.Started = started
	c, st, err := options.clientAndStack(ctx, dockerCli)
	if err != nil {
		return nil, nil, err
	}
	if run.Progress, err = options.printer(dockerCli, "Running"); err != nil {
		return nil, nil, err
	}
	defer run.Progress.Close()
	result, err := c.Run(ctx, st, run)
	if result == nil {
		return c, nil, err
	}
	options.startRefill(run.Progress, result)
	return c, result, err
}

// startRefill has the pools filled again that instances were taken out of.
func (o *runOptions) startRefill(p *progress.Printer, result *bmo.RunResult) {
	if err := o.refill(result.Refill); err != nil {
		p.Print(warning(fmt.Errorf("a pool is not filled again: %w", err)))
	}
}

// clientAndStack connects to the engine and loads the stack: the one that is kept with the snapshot when one is named and
// nothing says which stack is meant, so that no file of it is needed.
func (o *runOptions) clientAndStack(ctx context.Context, dockerCli command.Cli) (*bmo.Client, *stack.Stack, error) {
	if o.snapshot == "" || o.saysWhich() {
		st, err := o.load(ctx)
		if err != nil {
			return nil, nil, err
		}
		o.say(dockerCli, st)
		c, err := o.connectAll(ctx, dockerCli)
		return c, st, err
	}
	c, err := o.connectAll(ctx, dockerCli)
	if err != nil {
		return nil, nil, err
	}
	st, err := c.KeptStack(ctx, o.snapshot, os.Environ())
	if err == nil || !errors.Is(err, bmo.ErrNotKept) {
		return c, st, err
	}
	if st, err = o.load(ctx); err == nil {
		o.say(dockerCli, st)
	}
	return c, st, err
}

// run parses the flags that determine what is started.
func (o runOptions) run() (r bmo.RunOptions, err error) {
	r = bmo.RunOptions{
		Snapshot: o.snapshot, NoBuild: o.noBuild, Number: o.number, Name: o.name, Flavor: o.flavor, Detach: o.detach,
		Parallel: o.parallel, AllOrNone: o.allOrNone || len(o.command) > 0, Live: o.live, Publish: o.publish, WaitTimeout: time.Duration(o.waitTimeout) * time.Second,
	}
	if r.Env, err = o.environment(); err != nil {
		return r, err
	}
	r.BuildOptions, err = o.build()
	return r, err
}
