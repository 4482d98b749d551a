package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/docker/cli/cli/command/container"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

type execOptions struct {
	container.ExecOptions
	on         onFlag
	noTTY, tty bool
}

func newExecCommand(dockerCli command.Cli) *cobra.Command {
	options := execOptions{ExecOptions: container.NewExecOptions()}
	cmd := &cobra.Command{
		Use:   "exec [OPTIONS] INSTANCE SERVICE COMMAND [ARG...]",
		Short: "Execute a command in a service of a running instance",
		Long: `Execute a command in a service of a running instance.

Like "docker compose exec": standard input is passed on, and a pseudo-TTY is
allocated where there is a terminal. The exit code is the command's own.`,
		Example: `  docker bmo exec bmo-1a2b3c web bash
  docker bmo exec -T bmo-1a2b3c db mysql -uroot bugs < changes.sql`,
		Args: cli.RequiresMinArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			options.Command = args[2:]
			return runExec(cmd.Context(), dockerCli, options, args[0], args[1])
		},
		ValidArgsFunction: completeInstanceServices(dockerCli, 1),
	}
	options.on.add(cmd)
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.BoolVarP(&options.Detach, "detach", "d", false, "Detached mode: run command in the background")
	flags.StringVar(&options.DetachKeys, "detach-keys", "", "Override the key sequence for detaching a container")
	flags.VarP(&options.Env, "env", "e", "Set environment variables")
	flags.Var(&options.EnvFile, "env-file", "Read in a file of environment variables")
	flags.BoolVarP(&options.Interactive, "interactive", "i", true, "Keep STDIN open even if not attached")
	flags.BoolVarP(&options.noTTY, "no-tty", "T", false, "Disable pseudo-TTY allocation (default: auto-detected)")
	flags.BoolVar(&options.Privileged, "privileged", false, "Give extended privileges to the command")
	flags.BoolVarP(&options.tty, "tty", "t", false, "Allocate a pseudo-TTY (default: auto-detected)")
	flags.StringVarP(&options.User, "user", "u", "", `Username or UID (format: "<name|uid>[:<group|gid>]")`)
	flags.StringVarP(&options.Workdir, "workdir", "w", "", "Working directory inside the container")
	_ = cmd.RegisterFlagCompletionFunc("env", completion.EnvVarNames)
	return cmd
}

func runExec(ctx context.Context, dockerCli command.Cli, options execOptions, name, service string) error {
	if strings.HasPrefix(service, "-") {
		return hint.Wrap(fmt.Errorf("unexpected flag %q", service), "put flags of `docker bmo exec` before the instance")
	}
	terminal := dockerCli.In().IsTerminal() && dockerCli.Out().IsTerminal()
	options.TTY = !options.noTTY && !options.Detach && (options.tty || terminal)
	if options.on.target != "" {
		return runExecOnCluster(ctx, dockerCli, options, name, service)
	}
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	inst, err := c.Find(ctx, name)
	if err != nil {
		return err
	}
	id, err := inst.Container(service)
	if err != nil {
		return err
	}
	err = bmo.PlainError(container.RunExec(ctx, dockerCli, id, options.ExecOptions))
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // somebody stops, resets or commits the instance, or the service has ended
		return hint.Wrap(fmt.Errorf("service %s of instance %s takes no commands now: %w", service, name, err),
			"`docker bmo ps -a` shows what has become of the instance")
	}
	return err
}
