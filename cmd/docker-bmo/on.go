package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// place is where instances are: an engine or a cluster.
type place interface {
	List(ctx context.Context, f bmo.InstanceFilter) ([]bmo.Instance, error)
	Find(ctx context.Context, name string) (*bmo.Instance, error)
	Inspect(ctx context.Context, name string) (*bmo.InstanceDetail, error)
	Logs(ctx context.Context, name string, services []string, o bmo.LogOptions, show func(bmo.LogLine)) error
	Events(ctx context.Context, name string, o bmo.EventOptions, show func(bmo.Event)) error
	Stop(ctx context.Context, names []string, o bmo.StopOptions) error
	Remove(ctx context.Context, list []*bmo.Instance, o bmo.StopOptions) error
	Follow(ctx context.Context, list []*bmo.Instance, o bmo.FollowOptions) error
	Watch(ctx context.Context, inst *bmo.Instance, ended func(error)) error
	CheckRunning(ctx context.Context, inst *bmo.Instance) error
	Pools(ctx context.Context) ([]bmo.Pool, error)
	PoolDown(ctx context.Context, ids []string, o bmo.PoolDownOptions) error
}

// onFlag is the flag that names a cluster in place of the engine.
type onFlag struct{ target string }

func (o *onFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.target, "on", "", `Use a Kubernetes cluster in place of the engine (format: "kubernetes[://CONTEXT/NAMESPACE]")`)
	_ = cmd.RegisterFlagCompletionFunc("on", completion.FromList(bmo.ClusterScheme, bmo.ClusterScheme+"://"))
}

// connect returns where instances are: the engine, after it has answered, or the cluster.
func (o onFlag) connect(ctx context.Context, dockerCli command.Cli) (place, error) {
	if o.target == "" {
		c, _, err := connect(ctx, dockerCli)
		return c, err
	}
	return o.cluster(dockerCli, &messages{w: dockerCli.Err()})
}

// unconnected is connect without asking the engine.
func (o onFlag) unconnected(dockerCli command.Cli) (place, error) {
	if o.target == "" {
		return unconnected(dockerCli)
	}
	return o.cluster(dockerCli, &messages{w: dockerCli.Err()})
}

// cluster returns the cluster, which is not asked for anything yet, and neither is the engine.
func (o onFlag) cluster(dockerCli command.Cli, m *messages) (*bmo.Cluster, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		return nil, coded{err, exitEngine}
	}
	k, err := m.newClient(dockerCli).OnKubernetes(bmo.ClusterOptions{Target: o.target, Kubeconfig: kubeconfig()})
	if err != nil {
		return nil, coded{err, exitEngine}
	}
	return k, nil
}

// placeOf returns where the instances are that a command is completed for.
func placeOf(cmd *cobra.Command, dockerCli command.Cli) (place, error) {
	if f := cmd.Flags().Lookup("on"); f != nil && f.Value.String() != "" {
		return onFlag{f.Value.String()}.cluster(dockerCli, &messages{w: io.Discard})
	}
	return newClient(dockerCli), nil
}

// kubeconfig returns the files that kubectl would read.
func kubeconfig() []string {
	if files := filepath.SplitList(os.Getenv("KUBECONFIG")); len(files) > 0 {
		return files
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".kube", "config")}
}
