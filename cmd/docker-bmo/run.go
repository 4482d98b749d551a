package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

type runOptions struct {
	stackOptions
	detach  bool
	format  string
	command []string
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
  docker bmo run --stack demo -- prove -r t/`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("unexpected argument %q\nhint: a test command goes behind `--`; a stack is named by --stack", args[0])
			}
			options.command = args
			return runRun(cmd.Context(), dockerCli, options)
		},
	}
	flags := cmd.Flags()
	options.addFlags(flags)
	flags.BoolVarP(&options.detach, "detach", "d", false, "Run the instance in the background and print its name")
	flags.StringVar(&options.format, "format", "", `Format the output ("json": one object an instance)`)
	options.complete(cmd)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o runOptions) check() error {
	if o.detach && len(o.command) > 0 {
		return errors.New("--detach and a command exclude each other: an instance is removed when its command ends")
	}
	if o.format != "" && o.format != "json" {
		return fmt.Errorf("--format %s: only json is supported", o.format)
	}
	return nil
}

func runRun(ctx context.Context, dockerCli command.Cli, options runOptions) error {
	if err := options.check(); err != nil {
		return err
	}
	inst, e, err := startInstance(ctx, dockerCli, options)
	if err != nil {
		return coded{err, exitEngine}
	}
	switch {
	case options.detach:
		defer hintTunnel(dockerCli, e, inst, options)
		return printInstance(dockerCli, inst, options)
	case len(options.command) > 0:
		return runCommand(ctx, dockerCli, e, inst, options.command)
	default:
		return foreground(ctx, dockerCli, e, inst, options)
	}
}

// startInstance makes the snapshot when it is missing and starts an instance of it.
func startInstance(ctx context.Context, dockerCli command.Cli, options runOptions) (*instance.Instance, *engine.Engine, error) {
	p, closeAll, err := open(ctx, dockerCli, options.stackOptions)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll()
	s, err := p.ensure(ctx)
	if err != nil {
		return nil, nil, p.explain(err)
	}
	inst, err := instance.Start(ctx, instance.Request{
		Engine: p.engine, Stack: p.stack, Snapshot: s, Detach: options.detach, Owner: snapshot.Self(),
		Journal: p.journal, Progress: p.progress,
		Warn: func(err error) { fmt.Fprintf(dockerCli.Err(), "warning: %v\n", err) },
	})
	return inst, p.engine, err
}

// printInstance prints what a script goes on with: the name, or everything as JSON.
func printInstance(dockerCli command.Cli, inst *instance.Instance, options runOptions) error {
	if options.format == "json" {
		b, err := json.Marshal(struct {
			Name     string            `json:"name"`
			URL      string            `json:"url"`
			Key      string            `json:"key"`
			Stack    string            `json:"stack"`
			Services map[string]string `json:"services"`
			Env      map[string]string `json:"env"`
		}{inst.Name, inst.URL, inst.Key, inst.Stack, inst.Services, inst.Env})
		if err != nil {
			return err
		}
		fmt.Fprintln(dockerCli.Out(), string(b))
		return nil
	}
	if !options.quiet {
		fmt.Fprintf(dockerCli.Err(), "%s is ready at %s\n", inst.Name, inst.URL)
	}
	fmt.Fprintln(dockerCli.Out(), inst.Name)
	return nil
}

// hintTunnel says how to reach an instance on an engine elsewhere, once there is nobody to forward its address.
func hintTunnel(dockerCli command.Cli, e *engine.Engine, inst *instance.Instance, options runOptions) {
	if hint := e.Tunnel(inst.URL); hint != "" && !options.quiet {
		fmt.Fprintf(dockerCli.Err(), "hint: %s\n", hint)
	}
}

// foreground follows the instance's logs until it is interrupted or ends by itself.
func foreground(ctx context.Context, dockerCli command.Cli, e *engine.Engine, inst *instance.Instance, options runOptions) error {
	if options.format == "json" {
		if err := printInstance(dockerCli, inst, options); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(dockerCli.Out(), inst.URL)
		fmt.Fprintf(dockerCli.Err(), "%s is ready; Ctrl-C stops and removes it\n", inst.Name)
	}
	ended := followLogs(ctx, dockerCli.Err(), e, inst)
	if err := teardown(dockerCli, e, inst, stopGrace); err != nil {
		fmt.Fprintf(dockerCli.Err(), "warning: %v\n", err)
	}
	return ended
}

// runCommand runs a test command beside the instance and returns its exit code, whatever the teardown says.
func runCommand(ctx context.Context, dockerCli command.Cli, e *engine.Engine, inst *instance.Instance, words []string) error {
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = os.Environ()
	for _, k := range slices.Sorted(maps.Keys(inst.Env)) {
		c.Env = append(c.Env, k+"="+inst.Env[k])
	}
	// An interrupt is the command's to handle, for a while; then it is killed.
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	err := c.Run()
	if terr := teardown(dockerCli, e, inst, 0); terr != nil {
		fmt.Fprintf(dockerCli.Err(), "warning: %v\n", terr)
	}
	return commandResult(ctx, words[0], err)
}

// commandResult turns how a command ended into our own exit code, as a shell and `docker run` do.
func commandResult(ctx context.Context, name string, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return cli.StatusError{StatusCode: exit.ExitCode()}
	case errors.As(err, &exit):
		return cli.StatusError{StatusCode: signalCode(exit), Status: fmt.Sprintf("%s: %v", name, exit)}
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		return coded{fmt.Errorf("command not found: %s", name), 127}
	default:
		return coded{err, 126}
	}
}
