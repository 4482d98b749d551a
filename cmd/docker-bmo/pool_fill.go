package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docker-bmo/docker-bmo/internal/private"
)

// newPoolFillCommand returns what a run starts in the background for a pool.
func newPoolFillCommand(dockerCli command.Cli) *cobra.Command {
	var (
		options poolOptions
		ids     []string
	)
	cmd := &cobra.Command{
		Use:    "fill [OPTIONS]",
		Short:  "Start the instances that pools lack",
		Hidden: true,
		Args:   noStackArgument,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPoolFill(cmd.Context(), dockerCli, options, ids)
		},
	}
	options.addPoolFlags(cmd)
	cmd.Flags().StringArrayVar(&ids, "pool", nil, "Pool to fill")
	return cmd
}

func runPoolFill(ctx context.Context, dockerCli command.Cli, options poolOptions, ids []string) error {
	pool, err := options.pool()
	if err != nil {
		return err
	}
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	at, err := options.pools(ctx, dockerCli)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := at.PoolFill(ctx, st, pool, id); err != nil {
			return err
		}
	}
	return nil
}

// refill starts a process that fills pools again, for the same stack that a command with these flags is about. It goes on
// when this one has ended. What it says is in the state folder, next to the records: nobody waits for it.
func refill(dockerCli command.Cli, cmd *cobra.Command, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Join(stateDir(), "pools")
	if err := private.Dir(dir); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, ids[0]+".log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	fill := exec.Command(self, fillArgs(dockerCli, cmd, os.Args, ids)...)
	fill.Stderr = log
	// docker ends a plugin whose connection to it ends, and that one's does with this process.
	fill.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return len(kv) > len(pluginSocket) && kv[:len(pluginSocket)] == pluginSocket
	})
	inBackground(fill)
	if err := fill.Start(); err != nil {
		return err
	}
	return fill.Process.Release()
}

// pluginSocket begins the variable by which docker tells a plugin how to notice that docker has ended.
const pluginSocket = "DOCKER_CLI_PLUGIN_SOCKET="

// fillArgs returns the arguments of a process that fills pools: what stands before the command's own name, which says which
// engine is meant, and those of its flags that say what is started.
func fillArgs(dockerCli command.Cli, cmd *cobra.Command, args, ids []string) []string {
	var words []string
	if i := slices.Index(args, cmd.Name()); i > 0 {
		words = slices.Clone(args[1:i])
	}
	words = append(words, "pool", "fill", "--quiet")
	known := newPoolFillCommand(dockerCli).Flags()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if known.Lookup(f.Name) == nil || slices.Contains([]string{"quiet", "progress", "no-cache", "pull"}, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			words = append(words, "--"+f.Name+"="+v)
		}
	})
	for _, id := range ids {
		words = append(words, "--pool="+id)
	}
	return words
}
