package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// stopGrace is how long services may take to end before they are killed; this is docker's own default.
const stopGrace = 10 * time.Second

// foreground follows the instances' logs until it is interrupted or one of them ends by itself, then removes them.
func foreground(ctx context.Context, dockerCli command.Cli, c *bmo.Client, list []*bmo.Instance, options runOptions) error {
	if options.format != "" {
		if err := printFormatted(dockerCli, list, options.format); err != nil {
			return errors.Join(err, c.Remove(ctx, list, bmo.StopOptions{}))
		}
	}
	ended := c.Follow(ctx, list, bmo.FollowOptions{
		Line: func(service, text string) { fmt.Fprintf(dockerCli.Err(), "%s | %s\n", service, text) },
		CaughtUp: func() { // printed after the lines of services that start up, or the address would scroll out of sight
			for _, inst := range list {
				if options.format == "" {
					fmt.Fprintln(dockerCli.Out(), inst.URL)
				}
				fmt.Fprintf(dockerCli.Err(), "%s is ready; Ctrl-C stops and removes it\n", inst.Name)
			}
		},
	})
	if errors.As(ended, new(interrupted)) && dockerCli.Err().IsTerminal() {
		fmt.Fprintln(dockerCli.Err()) // after the ^C that was typed
	}
	printer, err := options.printer(dockerCli, "Stopping")
	if err != nil {
		printer = nil // the mode was accepted at the start, and the instances must be removed in any case
	}
	err = c.Remove(ctx, list, bmo.StopOptions{Grace: stopGrace, Progress: printer})
	printer.Close()
	if err != nil {
		warn(dockerCli.Err(), err)
	}
	return ended
}
