package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
)

type stopOptions struct {
	all     bool
	timeout int
}

func newStopCommand(dockerCli command.Cli) *cobra.Command {
	var options stopOptions
	cmd := &cobra.Command{
		Use:   "stop [OPTIONS] INSTANCE [INSTANCE...]",
		Short: "Stop and remove one or more instances",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case !options.all:
				return cli.RequiresMinArgs(1)(cmd, args)
			case len(args) > 0:
				return errors.New("--all goes without instance names")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStop(cmd.Context(), dockerCli, options, args)
		},
		ValidArgsFunction: completeInstances(dockerCli),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&options.all, "all", "a", false, "Stop all instances")
	flags.IntVarP(&options.timeout, "timeout", "t", int(stopGrace/time.Second), "Seconds to wait before killing the services")
	return cmd
}

func runStop(ctx context.Context, dockerCli command.Cli, options stopOptions, names []string) error {
	e, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	list, err := instance.List(ctx, e)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, i := range list {
		known[i.Name] = true
		if options.all {
			names = append(names, i.Name)
		}
	}
	return stopAll(ctx, dockerCli, e, unique(names), known, time.Duration(options.timeout)*time.Second)
}

// unique returns the words in their order, each once.
func unique(words []string) []string {
	var out []string
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// stopAll stops instances at once and prints each name when it is gone, as `docker stop` does. Errors are in the order
// of the names.
func stopAll(ctx context.Context, dockerCli command.Cli, e *engine.Engine, names []string, known map[string]bool, grace time.Duration) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs = make([]error, len(names))
	)
	for i, name := range names {
		wg.Go(func() {
			if !known[name] {
				errs[i] = instance.NotFound(name)
				return
			}
			if errs[i] = instance.Remove(ctx, e, name, grace); errs[i] == nil {
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintln(dockerCli.Out(), name)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
