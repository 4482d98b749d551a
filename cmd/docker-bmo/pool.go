package main

import (
	"fmt"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/stack"
)

func newPoolCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pool",
		Short: "Manage pools of instances that wait for a run",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPoolDownCommand(dockerCli), newPoolFillCommand(dockerCli), newPoolLsCommand(dockerCli), newPoolUpCommand(dockerCli))
	return cmd
}

// poolOptions are the flags that say what a pool holds.
type poolOptions struct {
	stackOptions
	flavor       string
	env, envFile []string
	size         int
}

func (o *poolOptions) addPoolFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addFlags(flags)
	o.complete(cmd)
	flags.StringArrayVarP(&o.env, "env", "e", nil, "Set environment variables of the application's service")
	flags.StringArrayVar(&o.envFile, "env-file", nil, "Read in a file of environment variables")
	flags.StringVar(&o.flavor, "flavor", stack.DefaultFlavor, `Flavor to run in (e.g., "low", "regular")`)
	_ = cmd.RegisterFlagCompletionFunc("env", completion.EnvVarNames)
	_ = cmd.RegisterFlagCompletionFunc("flavor", o.completeFlavors)
}

// pool parses the flags.
func (o *poolOptions) pool() (p bmo.PoolOptions, err error) {
	p = bmo.PoolOptions{Size: o.size, Flavor: o.flavor}
	if p.Env, err = (runOptions{env: o.env, envFile: o.envFile}).environment(); err != nil {
		return p, err
	}
	p.BuildOptions, err = o.build()
	return p, err
}

// completePools offers the identifiers of pools.
func completePools(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		pools, err := newClient(dockerCli).Pools(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var words []string
		for _, p := range pools {
			words = append(words, fmt.Sprintf("%s\t%s %s, %d ready", p.ID, p.Stack, p.Flavor, p.Ready))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
