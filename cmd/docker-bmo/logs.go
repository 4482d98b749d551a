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

type logsOptions struct {
	bmo.LogOptions
	timestamps, noPrefix bool
}

func newLogsCommand(dockerCli command.Cli) *cobra.Command {
	var options logsOptions
	cmd := &cobra.Command{
		Use:   "logs [OPTIONS] INSTANCE [SERVICE...]",
		Short: "View output from an instance",
		Args:  cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), dockerCli, options, args[0], args[1:])
		},
		ValidArgsFunction: completeInstanceServices(dockerCli, 0),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&options.Follow, "follow", "f", false, "Follow log output")
	flags.BoolVar(&options.noPrefix, "no-log-prefix", false, "Don't print prefix in logs")
	flags.StringVar(&options.Since, "since", "", `Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
	flags.StringVarP(&options.Tail, "tail", "n", "all", "Number of lines to show from the end of the logs for each service")
	flags.BoolVarP(&options.timestamps, "timestamps", "t", false, "Show timestamps")
	flags.StringVar(&options.Until, "until", "", `Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)`)
	return cmd
}

func runLogs(ctx context.Context, dockerCli command.Cli, options logsOptions, name string, services []string) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if len(services) == 0 {
		inst, err := c.Find(ctx, name)
		if err != nil {
			return err
		}
		services = inst.ServiceNames()
	}
	width := widest(services)
	return c.Logs(ctx, name, services, options.LogOptions, func(l bmo.LogLine) {
		w := dockerCli.Out()
		if l.Stderr {
			w = dockerCli.Err()
		}
		fmt.Fprintln(w, options.line(l, width))
	})
}

// widest returns the length of the longest name.
func widest(names []string) int {
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	return width
}

// line returns a line as `docker compose logs` shows it: after the name of its service, padded to one width.
func (o logsOptions) line(l bmo.LogLine, width int) string {
	text := l.Text
	if o.timestamps {
		text = l.Time.Format(time.RFC3339Nano) + " " + text
	}
	if o.noPrefix {
		return text
	}
	return fmt.Sprintf("%-*s | %s", width, l.Source, text)
}
