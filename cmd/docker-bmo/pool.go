package main

import (
	"context"
	"errors"
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
	on           onFlag
	serviceType  string
}

func (o *poolOptions) addPoolFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	o.addFlags(flags)
	o.complete(cmd)
	flags.StringArrayVarP(&o.env, "env", "e", nil, "Set environment variables of the application's service")
	flags.StringArrayVar(&o.envFile, "env-file", nil, "Read in a file of environment variables")
	flags.StringVar(&o.flavor, "flavor", stack.DefaultFlavor, `Flavor to run in (e.g., "low", "regular")`)
	o.on.add(cmd)
	flags.StringVar(&o.serviceType, "service-type", "", `Service of the runs that a pool on a cluster serves ("ClusterIP", "NodePort", "LoadBalancer")`)
	_ = cmd.RegisterFlagCompletionFunc("service-type", completion.FromList(bmo.ServiceTypes()...))
	_ = cmd.RegisterFlagCompletionFunc("env", completion.EnvVarNames)
	_ = cmd.RegisterFlagCompletionFunc("flavor", o.completeFlavors)
}

// pool parses the flags.
func (o *poolOptions) pool() (p bmo.PoolOptions, err error) {
	if o.on.target != "" {
		if err := bmo.CheckTarget(o.on.target); err != nil {
			return p, err
		}
	} else if o.serviceType != "" {
		return p, errors.New("--service-type is for instances on a cluster: --on kubernetes")
	}
	p = bmo.PoolOptions{Size: o.size, Flavor: o.flavor}
	if p.Env, err = (runOptions{env: o.env, envFile: o.envFile}).environment(); err != nil {
		return p, err
	}
	if p.BuildOptions, err = o.build(); err == nil && o.on.target != "" {
		p.Attest, err = o.attest() // what has to be pushed
	}
	return p, err
}

// pools are a place whose pools are made and filled.
type pools interface {
	PoolUp(ctx context.Context, st *stack.Stack, o bmo.PoolOptions) (*bmo.Pool, error)
	PoolFill(ctx context.Context, st *stack.Stack, o bmo.PoolOptions, id string) error
}

// clusterPools are those of a cluster.
type clusterPools struct {
	*bmo.Cluster
	serviceType string
}

// PoolUp is that of bmo.Cluster.
func (p clusterPools) PoolUp(ctx context.Context, st *stack.Stack, o bmo.PoolOptions) (*bmo.Pool, error) {
	return p.Cluster.PoolUp(ctx, st, bmo.ClusterPoolOptions{PoolOptions: o, ServiceType: p.serviceType})
}

// PoolFill is that of bmo.Cluster.
func (p clusterPools) PoolFill(ctx context.Context, st *stack.Stack, o bmo.PoolOptions, id string) error {
	return p.Cluster.PoolFill(ctx, st, bmo.ClusterPoolOptions{PoolOptions: o, ServiceType: p.serviceType}, id)
}

// pools connects to where the pools are.
func (o *poolOptions) pools(ctx context.Context, dockerCli command.Cli) (pools, error) {
	if o.on.target == "" {
		return o.connect(ctx, dockerCli)
	}
	o.messages = &messages{w: dockerCli.Err()}
	k, err := o.on.cluster(dockerCli, o.messages)
	return clusterPools{k, o.serviceType}, err
}

// completePools offers the identifiers of pools.
func completePools(dockerCli command.Cli) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		at, err := placeOf(cmd, dockerCli)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		pools, err := at.Pools(cmd.Context())
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
