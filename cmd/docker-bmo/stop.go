package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case options.all && len(args) > 0:
				return errors.New("--all goes without instance names")
			case !options.all && len(args) == 0:
				return errors.New("docker bmo stop requires at least one instance name, or --all\nhint: `docker bmo ps` lists instances")
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
	slices.Sort(names)
	return stopAll(ctx, dockerCli, e, slices.Compact(names), known, time.Duration(options.timeout)*time.Second)
}

// stopAll stops instances at once and prints each name when it is gone, as `docker stop` does.
func stopAll(ctx context.Context, dockerCli command.Cli, e *engine.Engine, names []string, known map[string]bool, grace time.Duration) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, name := range names {
		wg.Go(func() {
			err := engine.Hint(fmt.Errorf("no such instance: %s", name), "`docker bmo ps -a` lists them")
			if known[name] {
				err = instance.Remove(ctx, e, name, grace)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			fmt.Fprintln(dockerCli.Out(), name)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
