package main

import (
	"context"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// runOnCluster starts instances on a cluster and does what they have been started for.
func runOnCluster(ctx context.Context, dockerCli command.Cli, options runOptions, ready *readyInstances) error {
	k, result, err := startOnCluster(ctx, dockerCli, options, ready.print)
	if result == nil {
		return coded{err, exitEngine}
	}
	if err != nil { // of several instances, some have failed
		return afterFailures(dockerCli, err, func() error { return goOn(ctx, dockerCli, k, result, options, ready) })
	}
	return goOn(ctx, dockerCli, k, result, options, ready)
}

func startOnCluster(ctx context.Context, dockerCli command.Cli, options runOptions, started func(*bmo.Instance)) (*bmo.Cluster, *bmo.RunResult, error) {
	run, err := options.run()
	if err != nil {
		return nil, nil, err
	}
	run.Started = started
	if run.Attest, err = options.attest(); err != nil {
		return nil, nil, err
	}
	if run.Sign, err = options.signingKey(ctx, dockerCli); err != nil {
		return nil, nil, err
	}
	options.messages = &messages{w: dockerCli.Err()}
	k, err := options.on.cluster(dockerCli, options.messages)
	if err != nil {
		return nil, nil, err
	}
	st, err := options.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	options.say(dockerCli, st)
	if run.Progress, err = options.printer(dockerCli, "Running"); err != nil {
		return nil, nil, err
	}
	defer run.Progress.Close()
	result, err := k.Run(ctx, st, bmo.ClusterRunOptions{RunOptions: run, ServiceType: options.serviceType})
	if result == nil {
		return k, nil, err
	}
	options.startRefill(run.Progress, result)
	return k, result, err
}
