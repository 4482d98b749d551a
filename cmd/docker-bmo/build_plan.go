package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/stack"
)

// printPlan prints what a build would do, or by what digest of its inputs the result would be found. Nothing on the engine
// changes, and nothing is swept.
func (o buildOptions) printPlan(ctx context.Context, dockerCli command.Cli, st *stack.Stack, build bmo.BuildOptions) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if o.quiet {
		inputs, err := c.Inputs(ctx, st, build)
		if err == nil {
			fmt.Fprintln(dockerCli.Out(), inputs)
		}
		return err
	}
	plan, err := c.Plan(ctx, st, build)
	if err != nil {
		return err
	}
	out := dockerCli.Out()
	if plan.Snapshot != nil && len(plan.Images) == 0 {
		fmt.Fprintf(out, "snapshot %s of %s is up to date\n", bmo.ShortKey(plan.Snapshot.Key), st.Name)
		return nil
	}
	fmt.Fprintf(out, "images: %s\n", strings.Join(plan.Images, ", "))
	for _, step := range plan.Steps {
		fmt.Fprintf(out, "bootstrap: %s\n", step)
	}
	printReasons(out, plan)
	return nil
}

// printReasons prints why a snapshot is not up to date.
func printReasons(w io.Writer, plan *bmo.BuildPlan) {
	switch {
	case plan.Snapshot != nil && len(plan.Images) == 0:
	case plan.Nearest == nil:
		fmt.Fprintln(w, "there is no snapshot of this stack yet")
	case len(plan.Differs) == 0:
		fmt.Fprintf(w, "as for snapshot %s, but for the platform or the version of docker bmo\n", bmo.ShortKey(plan.Nearest.Key))
	}
	for _, d := range plan.Differs {
		fmt.Fprintf(w, "differs from snapshot %s: %s\n", bmo.ShortKey(plan.Nearest.Key), d)
	}
	if plan.Data != nil {
		fmt.Fprintf(w, "the data of snapshot %s (%s) are taken in place of the bootstrap\n", bmo.ShortKey(plan.Data.Key), plan.DataPlatform)
		return
	}
	if c := plan.Checkpoint; c != nil {
		condition := ""
		if len(plan.CheckpointDiffers) > 0 {
			condition = ", if the images come out as they were there: " + strings.Join(plan.CheckpointDiffers, "; ")
		}
		fmt.Fprintf(w, "the bootstrap goes on from checkpoint %s, after step %d%s\n", bmo.ShortKey(c.Key), c.AfterStep, condition)
	}
	if plan.From != nil {
		fmt.Fprintf(w, "--from-nearest: the bootstrap goes on from %s, after step %d, if the images of what holds data come out as they were there\n",
			bmo.ShortKey(plan.From.Key), plan.FromStep)
	}
}
